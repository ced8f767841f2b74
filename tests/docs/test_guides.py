"""What the guides show in Python runs, and prints what stands below it."""

import pytest

from docs.outputs import renewed
from tests.demo import ROOT


@pytest.mark.parametrize("name", ["compression", "distillation", "tflite"])
def test_a_guide_shows_what_its_python_prints(name, workplace):
    page = (ROOT / "docs" / f"{name}.md").read_text()
    assert renewed(page) == page
