import numpy as np
import pytest

from mlflow_prod.errors import ModelError
from mlflow_prod.tflite import check


def test_a_good_file_passes(contents):
    for content in contents.values():
        check(content)


@pytest.mark.parametrize(
    "content", [b"", b"TFL3", b"\x00" * 64, b"PK\x03\x04" * 20], ids=["empty", "short", "zeros", "zip"]
)
def test_what_is_no_tflite_file_is_refused_at_once(content):
    with pytest.raises(ModelError, match="not a TFLite file"):
        check(content)


def test_a_file_cut_short_is_refused(contents):
    with pytest.raises(ModelError, match="fails its first inference"):
        check(contents["int8"][:1000])


def test_damaged_files_never_end_this_process(contents):
    draw = np.random.default_rng(0)
    whole = np.frombuffer(contents["int8"], np.uint8)
    refused = 0
    for _ in range(6):
        damaged = whole.copy()
        at = draw.integers(8, len(damaged), 200)
        damaged[at] = draw.integers(0, 256, 200, dtype=np.uint8)
        try:
            check(damaged.tobytes())
        except ModelError as refusal:
            assert "fails its first inference" in str(refusal)
            refused += 1
    assert refused > 0


def test_a_file_that_takes_too_long_is_refused(contents):
    with pytest.raises(ModelError, match=r"within 0\.01 s"):
        check(contents["int8"], timeout=0.01)
