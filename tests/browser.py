"""A real browser, and what a person does with it on MLflow's own pages."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

CHROMIUM = Path("/usr/bin/chromium")
# Chromium must neither need a sandbox, which containers lack, nor look anything up outside this machine.
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SCROLLED = "grid => grid.scrollTop"


@contextmanager
def chromium() -> Iterator[Any]:
    """A page of headless Chromium, 1400 by 900 pixels."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        try:
            page = browser.new_page(viewport={"width": 1400, "height": 900})
            page.set_default_timeout(60_000)
            yield page
        finally:
            browser.close()


def ask_for_alias(page: Any, server: str, model: str, version: str, alias: str) -> str:
    """Asks for an alias on a version's page; the text of the dialog, which stays open on a refusal."""
    page.goto(f"{server}/#/models/{model}/versions/{version}")
    add = page.get_by_role("button", name="Add", exact=True).first
    add.wait_for()
    _close_assistant(page)
    add.click()
    dialog = page.get_by_role("dialog")
    field = dialog.get_by_role("combobox")
    field.fill(alias)
    field.press("Enter")
    dialog.get_by_role("button", name="Save aliases").click()
    dialog.get_by_text("refused").wait_for()
    return str(dialog.inner_text())


def ask_for_stage(page: Any, server: str, model: str, version: str, stage: str) -> str:
    """Asks for a stage in the menu that MLflow's registry had before aliases; what a notice then says."""
    _open_version(page, server, model, version)
    if page.get_by_role("switch").get_attribute("aria-checked") == "true":
        page.get_by_role("switch").click()
        page.get_by_role("dialog").get_by_role("button", name="Disable", exact=True).click()
        page.get_by_role("dialog").wait_for(state="hidden")
    page.locator(".mlflow-stage-transition-dropdown").click()
    page.get_by_role("menuitem").filter(has_text=stage).click()
    page.get_by_role("dialog").get_by_role("button", name="OK", exact=True).click()
    return notice(page)


def ask_for_copy(page: Any, server: str, model: str, version: str, to: str) -> None:
    """Asks with the button "Promote model" for a copy in another registered model; see `notice`."""
    _open_version(page, server, model, version)
    page.get_by_role("button", name="Promote model").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("combobox").fill(to)
    page.locator(f"[title={json.dumps(to)}]").last.click()
    dialog.get_by_role("button", name="Promote", exact=True).click()


def notice(page: Any) -> str:
    """What a notice in the corner of the page says, once there is one."""
    shown = page.get_by_role("alert")
    shown.wait_for()
    # It slides in.
    page.wait_for_timeout(500)
    return str(shown.inner_text())


def delete_version(page: Any, server: str, model: str, version: str) -> None:
    """Deletes a version on its page, which then shows the model's."""
    _open_version(page, server, model, version)
    _delete(page)


def delete_model(page: Any, server: str, model: str) -> None:
    """Deletes a registered model on its page, which then shows the list of all."""
    page.goto(f"{server}/#/models/{model}")
    _delete(page)


def compare_metrics(page: Any, server: str, experiment: str, runs: list[str], metric: str) -> str:
    """Compares runs and scrolls their metrics down to one; the text of the values then in view."""
    page.goto(f"{server}/#/compare-runs?runs={json.dumps(runs)}&experiments={json.dumps([experiment])}")
    # Two grids side by side, which draw only the rows near the view: names, and values, which scroll both.
    names, values = (page.get_by_role("grid").nth(number) for number in (0, 1))
    values.wait_for()
    _close_assistant(page)
    values.scroll_into_view_if_needed()
    name = names.get_by_text(metric, exact=True)
    for _ in range(300):
        if name.count() and _inside(name.bounding_box(), names.bounding_box()):
            break
        values.evaluate("grid => grid.scrollBy(0, 60)")
        page.wait_for_timeout(50)
    # The names are one scroll event behind: after one of a pixel they stand beside their values.
    values.evaluate("grid => grid.scrollBy(0, -1)")
    page.wait_for_timeout(500)
    behind = values.evaluate(SCROLLED) - names.evaluate(SCROLLED)
    assert abs(behind) <= 1, f"the names stand {behind} pixels from their values"
    return f"{names.inner_text()}\n{values.inner_text()}"


def _inside(box: dict[str, float], frame: dict[str, float]) -> bool:
    middle = frame["y"] + frame["height"] / 2
    return box["y"] >= frame["y"] and box["y"] + box["height"] <= middle


def _open_version(page: Any, server: str, model: str, version: str) -> None:
    page.goto(f"{server}/#/models/{model}/versions/{version}")
    page.get_by_role("switch", name="New model registry UI").wait_for()
    _close_assistant(page)


def _delete(page: Any) -> None:
    menu = page.get_by_test_id("overflow-menu-trigger")
    menu.wait_for()
    _close_assistant(page)
    menu.click()
    page.get_by_role("menuitem").filter(has_text="Delete").click()
    before = page.url
    page.get_by_role("dialog").get_by_role("button", name="Delete", exact=True).click()
    page.wait_for_url(lambda url: url != before)


def _close_assistant(page: Any) -> None:
    close = page.get_by_role("button", name="Close", exact=True)
    if close.count():
        close.click()
