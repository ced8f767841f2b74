import itertools
import json
import re
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlflow_prod.data.task import Task
from mlflow_prod.errors import InvalidParameter
from mlflow_prod.evaluate import slices
from mlflow_prod.report import Findings, evaluation_page, tables
from mlflow_prod.report.page.markup import element, joined
from tests.browser import CHROMIUM, chromium
from tests.report import findings as made

MEGABYTE = 1_000_000
in_browser = pytest.mark.skipif(not CHROMIUM.exists(), reason=f"needs {CHROMIUM}: apt-get install chromium")
VOID = {"meta", "img", "br", "input", "link"}


class Outline(HTMLParser):
    """Tags opened and not closed, ids, links to places in the page, and texts outside of scripts."""

    def __init__(self):
        super().__init__()
        self.open, self.ids, self.hrefs, self.texts, self.tags = [], [], [], [], []

    def handle_starttag(self, tag, attributes):
        held = dict(attributes)
        self.tags.append((tag, held))
        if tag not in VOID:
            self.open.append(tag)
        if "id" in held:
            self.ids.append(held["id"])
        if "href" in held:
            self.hrefs.append(held["href"])

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] not in ("script", "style"):
            self.texts.append(data)

    def text(self):
        return " ".join(" ".join(self.texts).split())


def outline(page):
    found = Outline()
    found.feed(page)
    found.close()
    assert found.open == []
    return found


def embedded(page):
    return json.loads(re.search(r'id="slices-data">(.*?)</script>', page, re.DOTALL)[1])


@pytest.fixture(scope="module")
def page():
    return evaluation_page(made.findings())


# --- what it says


def test_it_tells_everything_in_order(page):
    assert re.findall("<h2[^>]*>(.*?)</h2>", page) == [
        "Beside others", "Where it is worst", "Fairness", "What evening out costs",
        "Do the probabilities mean what they say?", "Over time", "What to work on next", "Every slice",
        "How this was measured",
    ]  # fmt: skip


def test_a_page_can_be_read_by_everybody(page):
    found = outline(page)
    assert ("html", {"lang": "en"}) in found.tags and page.startswith("<!doctype html>")
    assert len(found.ids) == len(set(found.ids))
    assert {href.removeprefix("#") for href in found.hrefs} <= set(found.ids)
    assert all("scope" in held for tag, held in found.tags if tag == "th")
    drawn = [held for tag, held in found.tags if tag == "svg"]
    assert drawn and all(held["role"] == "img" for held in drawn)
    assert page.count("<svg") == len(re.findall(r"<svg[^>]*><title>", page))
    assert all(held.get("aria-label") and held.get("tabindex") == "0"
               for _, held in found.tags if held.get("class") == "scroll")  # fmt: skip


def test_the_least_that_there_is_makes_a_page():
    bare = Findings("m", made.BINARY, slices(made.counted(made.rows(200), ["sex"])))
    text = outline(evaluation_page(bare)).text()
    assert "Every slice" in text and "Fairness" not in text and "Over time" not in text


def test_a_number_is_predicted_without_a_threshold():
    names = [f"{name}{end}" for name in ("mae", "quantile_loss_at_0.1") for end in ("", "_low", "_high")]
    whole = {"sex": [None, "f"], "rows": [40, 20], "n": [40.0, 20.0]}
    table = pd.DataFrame(whole | {name: [1234.5, np.nan] for name in names})
    text = outline(evaluation_page(Findings("m", Task("regression", "price"), table))).text()
    assert "MAE 1,234 (1,234 to 1,234)" in text and "price, a number" in text
    assert "Quantile loss at 0.1" in text


def test_each_class_is_shown_however_rare_and_the_worst_first():
    task = Task("multiclass", "kind", ("common", "<rare>", "absent"))
    figures = {"common": (900, 0.9), "<rare>": (2, 0.5), "absent": (0, np.nan)}
    row = {"rows": 902, "n": 902.0}
    for name, (rows, value) in figures.items():
        row[f"rows/{name}"] = rows
        row |= {f"{of}/{name}{end}": value for of in ("recall", "precision", "f1") for end in tables.ENDS}
    page = evaluation_page(Findings("m", task, pd.DataFrame([row])))
    text = outline(page).text()
    assert "Class by class" in page and "Every slice" not in page
    assert text.index("absent 0 –") < text.index("<rare> 2 50.0%") < text.index("common 900 90.0%")


def test_groups_without_a_gap_are_all_alike():
    same = made.judged(gap=(0.0, 0.0, 0.2), verdict="undecided") | {"least": "Male"}
    assert "all alike" in outline(evaluation_page(made.findings(parity=pd.DataFrame([same])))).text()


def test_where_undecided_gaps_arise_is_told_inside_their_column():
    carried = pd.DataFrame(
        [
            {"column": "sex", "notion": "equal opportunity", "measure": "true_positive_rate", "threshold": at,
             "slice": f"town {at}", "difference": 0.2, "difference_low": 0.1, "difference_high": 0.3,
             "n": 500.0, "share": 0.4, "carried": 0.08}
            for at in (0.5, 0.7)
        ]
    )  # fmt: skip
    text = outline(evaluation_page(made.findings(carried=carried))).text()
    assert "town 0.5 Equal opportunity 40.0% 20.0 points 10.0 to 30.0 8.0 points" in text
    assert "town 0.7" not in text


@pytest.mark.parametrize(
    ("others", "said"),
    [
        ({"majority class": (0.6, 0.57, 0.63)}, "better than majority class (60.0%)"),
        ({"incumbent": (0.99, 0.98, 0.999)}, "worse than incumbent (99.0%)"),
        ({"dummy": (0.6, 0.57, 0.63), "human level": (0.99, 0.98, 0.999)}, "better than dummy"),
    ],
)
def test_the_verdict_sets_the_model_beside_its_best_rival(others, said):
    table = made.references(**{"this model": (0.8, 0.78, 0.82)}, **others)
    assert said in outline(evaluation_page(made.findings(references=table))).text()


def test_a_rival_within_the_interval_is_not_beaten():
    found = made.findings()
    first = found.decided.iloc[0]
    near = (first["accuracy"] - 0.001, first["accuracy_low"], first["accuracy_high"])
    table = made.references(**{"this model": (0.8, 0.78, 0.82), "incumbent": near})
    said = outline(evaluation_page(made.findings(references=table))).text()
    assert "not clearly apart from incumbent" in said


def test_models_on_the_same_rows_are_told_apart_by_their_paired_difference():
    found = made.findings()
    first = found.decided.iloc[0]
    near = (first["accuracy"] - 0.001, first["accuracy_low"], first["accuracy_high"])
    table = made.references(**{"this model": (0.8, 0.78, 0.82), "incumbent": near})
    for low, high, verdict in ((0.0005, 0.0015, "better than"), (-0.002, 0.004, "not clearly apart from")):
        versus = pd.DataFrame(
            [("incumbent", "accuracy", 0.001, low, high)],
            columns=["model", "measure", "difference", "low", "high"],
        )
        said = outline(evaluation_page(made.findings(references=table, versus=versus))).text()
        assert f"{verdict} incumbent" in said


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (made.judged(), "Outside the margin at least 12.0 points, the margin is 10.0 points"),
        (made.judged(gap=(0.05, 0.02, 0.08), verdict="within"), "Within the margin at most 8.0 points"),
        (
            made.judged(gap=(0.09, 0.05, 0.13), verdict="undecided", needed=5_432.0),
            "Undecided the interval straddles the margin of 10.0 points; about 1,400 more rows would decide",
        ),
        (
            made.judged(gap=(0.1, 0.05, 0.15), verdict="undecided", needed=np.inf),
            "no number of rows would decide",
        ),
        (
            made.judged(notion="disparate impact", gap=(0.3, 0.25, 0.35)),
            "Outside the margin at most 0.75, the margin is 0.8",
        ),
        (made.judged(gap=(np.nan,) * 3, verdict="unknown"), "Not known too few rows in all groups but one"),
    ],
)
def test_each_comparison_is_judged_in_words(row, said):
    found = made.findings(parity=pd.DataFrame([row]))
    assert said in outline(evaluation_page(found)).text()


def test_a_gap_beyond_its_margin_stands_in_the_verdict(page):
    text = outline(page).text()
    assert "Of 4 comparisons of groups 0 lie within the margin, 4 outside, 0 undecided." in text
    assert "Farthest: demographic parity across sex, 15.0 points between Female and Male." in text


def test_a_slice_that_may_be_chance_is_no_alarm(page):
    assert "Worst for town town 0: error 40.0%, 20.0% elsewhere." in outline(page).text()
    calm = evaluation_page(made.findings(worst=made.worst(0.05, 0.9)))
    assert "No slice is worse than the rest beyond chance" in calm
    assert calm.count("<small>may be chance</small>") == 2


def test_windows_that_are_worse_are_named_beside_what_chance_brings():
    text = outline(evaluation_page(made.findings(over_time=made.over_time(40, worse=(3, 7))))).text()
    said = "worse than that of all rows in 2 of 40 windows (by chance one expects 1)"
    assert f"{said}: 2026-01-04, 2026-01-08." in text


# --- its size and what it leaves out


def _many(slices_, figures=6, name="town {}"):
    """All rows and so many slices, with figures to the last digit."""
    rng = np.random.default_rng(0)
    rows = rng.integers(10, 10**9, slices_ + 1)
    towns = [None, *(name.format(at) for at in range(slices_))]
    table = {"town": towns, "rows": rows, "n": rows.astype(float)}
    for at, end in itertools.product(range(figures), ("", "_low", "_high")):
        table[f"figure_{at}{end}"] = rng.random(slices_ + 1)
    return pd.DataFrame(table)


def test_a_thousand_slices_are_all_there_in_under_a_megabyte():
    table = _many(1_000, 12)
    table.insert(0, "sex", None)
    page = evaluation_page(made.findings(slices=table))
    assert len(page.encode()) < MEGABYTE
    assert len(embedded(page)["names"]) == 1_001


@pytest.mark.parametrize("name", ["town {}", made.HOSTILE, "\U0001f3e0" * 500, "\0<&" * 60])
def test_of_any_slices_as_many_are_kept_as_fit_and_the_rest_is_counted(name):
    page = evaluation_page(Findings("m", made.BINARY, _many(20_000, 12, name)))
    held = embedded(page)
    assert 0.85 * MEGABYTE < len(page.encode()) < MEGABYTE
    left = 20_000 + 1 - len(held["names"])
    assert left > 0 and f"{left:,} slices with the fewest rows" in outline(page).text()
    assert held["rows"][1:] == sorted(held["rows"][1:], reverse=True)


def test_long_tables_are_cut_and_what_is_left_is_counted():
    found = made.findings(
        worst=made.worst(*np.linspace(0, 1, 400)),
        over_time=made.over_time(5_000),
        next_work=made.next_work(400),
        parity=pd.concat([made.parity(f"column {at}") for at in range(30)]),
    )
    page = evaluation_page(found)
    text = outline(page).text()
    assert len(page.encode()) < MEGABYTE
    for said in ("385 more rows", "4,880 more windows", "24 more columns"):
        assert said in text


def test_slices_of_few_rows_are_not_told():
    table = _many(3)
    table["rows"] = [100, 9, 10, 50]
    page = evaluation_page(Findings("m", made.BINARY, table))
    assert embedded(page)["names"] == ["all rows", "town town 2", "town town 1"]
    assert "1 slice of fewer than 10 rows left out" in outline(page).text()
    assert "town 0" not in page


# --- what is written into it


def test_the_data_is_that_of_the_table(page):
    found, table = embedded(page), made.findings().decided
    accuracy = next(one for one in found["figures"] if one["name"] == "Accuracy")
    expected = table.sort_values("rows", ascending=False, kind="stable")["accuracy"]
    assert np.allclose(accuracy["v"], expected, atol=5e-5)
    assert found["names"][0] == "all rows" and found["cut"][0] == []


@settings(deadline=None, max_examples=200)
@given(st.text(), st.text())
def test_no_text_breaks_an_element(text, attribute):
    markup = element("p", text, title=attribute)
    parser = Outline()
    parser.feed(markup)
    parser.close()
    assert [tag for tag, _ in parser.tags] == ["p"]
    assert list(parser.tags[0][1]) == ["title"]


def test_only_markup_is_left_as_it_is():
    assert joined([element("b", "x"), "<b>"]) == "<b>x</b>&lt;b&gt;"


def _hostile():
    frame = made.rows().rename(columns={"town": made.HOSTILE})
    frame["sex"] = frame["sex"] + made.HOSTILE
    hostile = {name: made.HOSTILE for name in ("column", "least", "most", "measure")}
    found = made.findings()
    counts = made.counted(frame, ["sex", made.HOSTILE])
    return Findings(
        made.HOSTILE, Task("binary", made.HOSTILE, ("no", made.HOSTILE)), slices(counts), ("sex",),
        {made.HOSTILE: made.HOSTILE},
        references=found.references.assign(model=made.HOSTILE),
        parity=pd.concat([found.parity, found.parity.assign(**hostile)]),
        worst=found.worst.assign(slice=made.HOSTILE),
        over_time=found.over_time.assign(window=made.HOSTILE),
        next_work=found.next_work.assign(category=made.HOSTILE, ease=made.HOSTILE),
        reliability=found.reliability.assign(slice="sex " + made.HOSTILE),
    )  # fmt: skip


def test_names_that_are_markup_stay_text():
    page = evaluation_page(_hostile())
    found = outline(page)
    assert "img" not in {tag for tag, _ in found.tags}
    assert page.count("<script") == page.count("</script>") == 2
    assert not any(key.startswith("on") for _, held in found.tags for key in held)


# --- what is refused


@pytest.mark.parametrize(
    ("tables", "message"),
    [
        ({"slices": made.rows(20).head(0)}, "slices must be a table whose first row is of all rows"),
        ({"slices": pd.DataFrame({"row": [1]})}, "the column 'rows' \\(did you mean 'row'"),
        ({"protected": ("age",)}, "the column 'age'"),
        ({"parity": pd.DataFrame({"column": ["sex"]})}, "parity must be a table with the column 'notion'"),
        ({"threshold": 0.55}, "threshold must be one of 0.1, 0.2"),
    ],
)
def test_what_cannot_be_told_is_refused(tables, message):
    with pytest.raises(InvalidParameter, match=message):
        evaluation_page(made.findings(**tables))


# --- in a browser


@pytest.fixture(scope="module")
def browser():
    with chromium() as page:
        yield page.context.browser


@pytest.fixture
def shown(browser, tmp_path):
    """Opens a page from a file; no request may leave, and no script may fail."""
    asked, failed = [], []
    page = browser.new_page(viewport={"width": 1400, "height": 900})
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: failed.append(str(error)))
    page.on("console", lambda said: failed.append(said.text) if said.type == "error" else None)

    def open_page(content):
        file = tmp_path / "report.html"
        file.write_text(content, encoding="utf-8")
        page.goto(file.as_uri())
        return page

    yield open_page
    page.close()
    assert failed == [] and len(asked) == 1 and asked[0].startswith("file:")


@in_browser
def test_nothing_is_asked_of_the_network_and_no_name_runs(shown):
    page = shown(evaluation_page(_hostile()))
    page.locator("#controls input").first.fill("script")
    assert page.evaluate("window.ran") is None
    assert page.locator("img").count() == 0 and page.locator("script").count() == 2
    assert "<script>" in page.locator("#explorer tbody tr").nth(1).inner_text()


def _names(page):
    return page.locator("#explorer tbody th").all_inner_texts()


@in_browser
def test_slices_sort_by_each_column(shown, page):
    page = shown(page)
    table = made.findings().decided.iloc[1:]
    by_name = page.get_by_role("button", name="Slice")
    by_name.click()
    names = _names(page)
    assert names[0] == "all rows" and names[1:] == sorted(names[1:], key=str.lower)
    by_name.click()
    assert _names(page)[1:] == sorted(names[1:], key=str.lower, reverse=True)
    page.get_by_role("button", name="Accuracy").click()
    least = table.loc[table["accuracy"].idxmin()]
    named = ", ".join(f"{column} {least[column]}" for column in ("sex", "town") if pd.notna(least[column]))
    assert _names(page)[-1] == named
    assert page.locator("[aria-sort=descending]").inner_text().startswith("Accuracy")
    assert page.evaluate("document.activeElement.dataset.key") == "value"


@in_browser
def test_slices_are_found_by_words_column_and_rows(shown, page):
    page = shown(page)
    everything = len(made.findings().decided) - 1
    assert f"{everything} of {everything} slices" in page.get_by_role("status").inner_text()
    page.get_by_label("Slices with these words").fill("female TOWN 3")
    assert _names(page) == ["all rows", "sex Female, town town 3"]
    page.get_by_label("Slices with these words").fill("")
    page.get_by_label("Cut by").select_option("one column")
    assert all("," not in name for name in _names(page)) and len(_names(page)) == 1 + 2 + 6
    page.get_by_label("Rows at least").fill("1000")
    assert set(_names(page)) == {"all rows", "sex Female", "sex Male"}
    page.get_by_label("Figure", exact=True).select_option("AUC")
    assert page.get_by_role("button", name="AUC").count() == 1


@in_browser
def test_of_many_slices_one_sees_fifty_at_a_time(shown):
    page = shown(evaluation_page(Findings("m", made.BINARY, _many(120))))
    assert len(_names(page)) == 51 and page.get_by_role("button", name="Back").is_disabled()
    page.get_by_role("button", name="On").click()
    page.get_by_role("button", name="On").click()
    assert len(_names(page)) == 21 and "Page 3 of 3" in page.locator(".pager").inner_text()
    assert page.get_by_role("button", name="On").is_disabled()


@in_browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_narrow_screens_in_both_colours(shown, page, scheme):
    page = shown(page)
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": 360, "height": 700})
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    ink, paper = (
        page.evaluate(f"getComputedStyle(document.body).{name}") for name in ("color", "backgroundColor")
    )
    light = [sum(map(int, re.findall(r"\d+", color)[:3])) for color in (ink, paper)]
    assert (light[0] < light[1]) == (scheme == "light") and abs(light[0] - light[1]) > 450


@in_browser
def test_without_scripts_the_largest_slices_are_there(browser, tmp_path, page):
    file = tmp_path / "report.html"
    file.write_text(page, encoding="utf-8")
    plain = browser.new_page(java_script_enabled=False)
    plain.goto(file.as_uri())
    assert _names(plain)[0] == "all rows" and _names(plain)[1].startswith("sex ")
    assert not plain.locator("#controls").is_visible()
    plain.close()
