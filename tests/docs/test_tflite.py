"""What docs/tflite.md shows in Python runs, and prints what stands below it."""

from docs.outputs import renewed
from tests.demo import ROOT

PAGE = (ROOT / "docs" / "tflite.md").read_text()


def test_the_guide_shows_what_its_python_prints(workplace):
    assert renewed(PAGE) == PAGE
