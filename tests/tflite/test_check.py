import sys

import numpy as np
import pytest

from mlflow_prod.errors import InvalidParameter, ModelError
from mlflow_prod.tflite import Checker, check
from tests.tflite import files


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


def test_one_child_tries_many_files_and_outlives_those_that_fail(contents):
    with Checker() as checker:
        for _ in range(3):
            checker.check(contents["int8"])
            with pytest.raises(ModelError, match="fails its first inference"):
                checker.check(contents["int8"][:1000])
            with pytest.raises(ModelError, match=r"within 0\.0001 s"):
                checker.check(contents["int8"], timeout=0.0001)


def test_a_child_that_was_killed_is_told_and_replaced(contents):
    with Checker() as checker:
        checker.check(contents["int8"])
        checker._child.kill()
        with pytest.raises(ModelError, match="cannot be tried in a child process"):
            checker.check(contents["int8"])
        checker.check(contents["int8"])


def test_a_child_that_cannot_start_says_why(contents, monkeypatch, tmp_path):
    (tmp_path / "trial.py").write_text("raise SystemExit('no LiteRT here')")
    monkeypatch.setattr(sys.modules[Checker.__module__], "TRIAL", tmp_path / "trial.py")
    with pytest.raises(ModelError, match="no LiteRT here"):
        check(contents["int8"])


def test_every_signature_is_tried():
    module = files.Arithmetic()
    check(files.converted(module, {"combine": module.combine, "double": module.double}))


def test_an_operator_that_is_not_there_is_named():
    module = files.Custom()
    with pytest.raises(ModelError, match="custom operator Erfinv"):
        check(files.converted(module, {"inverse": module.inverse}, allow_custom_ops=True))


def test_inputs_that_a_file_may_refuse_do_not_fail_it():
    module = files.Places()
    check(files.converted(module, {"look_up": module.look_up}))


@pytest.mark.parametrize("limits", [{"timeout": 0}, {"timeout": float("nan")}, {"memory": 1 << 20}])
def test_limits_that_cannot_be_are_refused(limits, contents):
    with pytest.raises(InvalidParameter, match=next(iter(limits))):
        check(contents["int8"], **limits)
