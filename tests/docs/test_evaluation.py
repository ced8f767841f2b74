"""What docs/evaluation.md shows in Python runs, and prints what stands below it."""

from docs.outputs import EXAMPLE, renewed
from tests.demo import ROOT

PAGE = (ROOT / "docs" / "evaluation.md").read_text()


def test_the_guide_shows_what_its_python_prints(workplace):
    assert renewed(PAGE, without="pyspark") == PAGE


def test_the_guide_counts_the_same_rows_in_spark(workplace, spark):
    blocks = [block[0] for block in EXAMPLE.finditer(PAGE)]
    text = "\n".join([*blocks[:2], *(block for block in blocks if "scored" in block)])
    assert "pyspark" in text
    assert renewed(text) == text
