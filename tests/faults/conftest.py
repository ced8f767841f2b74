from collections import Counter

import pytest

from tests.plugins.conftest import fresh_database, make_registry  # noqa: F401

pytest.register_assert_rewrite("tests.faults.ledger")
POLICY = """
version: 1
models:
  "*":
    targets: [Production, champion]
    on_success: {incumbent: archive}
    require:
      - {check: evaluation, measure: accuracy, at_least: 0.8}
      - {check: evaluation, measure: accuracy, versus: incumbent, worse_by_at_most: 0}
"""


@pytest.fixture
def registry(make_registry):  # noqa: F811
    """A registry where two equally good versions of `loans` stand, and an incumbent is archived."""
    made = make_registry(POLICY)
    made.register(1, 2)
    for version in (1, 2):
        made.submit(version, made.evidence(version, 0.9))
    return made


@pytest.fixture
def counted(record_property):
    """Counts by name, told at the end of the test run."""
    counts = Counter()
    yield counts
    record_property("counted", ", ".join(f"{name} {count}" for name, count in counts.items()))


def pytest_terminal_summary(terminalreporter):
    """Tells what the tests counted; of tests that passed, only the end of a test's teardown knows."""
    for report in terminalreporter.stats.get("", []):
        if told := dict(getattr(report, "user_properties", ())).get("counted"):
            terminalreporter.write_line(f"{report.nodeid.split('::')[-1]}: {told}")
