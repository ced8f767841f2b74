import numpy as np
import pytest

from mlflow_prod.compress import latency
from mlflow_prod.errors import InvalidParameter, ModelError

ROWS = np.zeros((3, 20), np.float32)


def test_percentiles_of_one_row_and_of_a_batch_are_ordered_and_hold_their_intervals(float32_file, rows):
    found = {measure.name: measure for measure in latency(float32_file, rows, calls=200)}
    assert list(found) == ["p50", "p95", "batch_256_p50", "batch_256_p95"]
    assert 0 < found["p50"].value <= found["p95"].value
    assert 0 < found["batch_256_p50"].value <= found["batch_256_p95"].value
    # 256 rows take longer than one, by far.
    assert found["batch_256_p50"].value > found["p50"].value
    for measure in found.values():
        assert measure.low <= measure.value <= measure.high
        assert (measure.unit, measure.n) == ("ms", 200)


def test_where_time_is_up_some_calls_are_timed_all_the_same(float32_file):
    found = latency(float32_file, ROWS, seconds=1e-9)
    assert [measure.n for measure in found] == [20] * 4
    # So few calls do not tell how slow the slowest are.
    assert found[1].low is not None and found[1].high is None


@pytest.mark.parametrize(
    ("content_of", "options", "message"),
    [
        (lambda whole: whole[:1000], {}, "cannot be timed: "),
        (lambda whole: b"", {}, "cannot be timed: "),
        (lambda whole: whole, {"timeout": 0.01}, r"could not be timed within 0\.01 s"),
    ],
)
def test_a_file_that_does_not_run_is_told(float32_file, content_of, options, message):
    with pytest.raises(ModelError, match=message):
        latency(content_of(float32_file), ROWS, **options)


def test_rows_of_another_shape_are_told(float32_file):
    with pytest.raises(ModelError, match=r"it reads rows of shape \(20,\), got \(7,\)"):
        latency(float32_file, np.zeros((3, 7)))


def test_a_signal_that_ends_the_child_is_named(float32_file, tmp_path, monkeypatch):
    stand_in = tmp_path / "python"
    stand_in.write_text("#!/bin/sh\nkill -SEGV $$\n")
    stand_in.chmod(0o755)
    monkeypatch.setattr("sys.executable", str(stand_in))
    with pytest.raises(ModelError, match="killed by SIGSEGV"):
        latency(float32_file, ROWS)


@pytest.mark.parametrize(
    ("rows", "options", "message"),
    [
        (ROWS, {"calls": 10}, "calls must be >= 100"),
        (ROWS, {"warm_up": -1}, "warm_up must be >= 0"),
        (ROWS, {"seconds": 0}, "seconds must be > 0"),
        (ROWS, {"timeout": float("nan")}, "timeout must be > 0"),
        (ROWS[:0], {}, "rows must be at least one encoded row"),
        (np.full((2, 20), np.nan), {}, "rows must be at least one encoded row, finite"),
    ],
)
def test_bad_parameters_name_themselves(rows, options, message):
    with pytest.raises(InvalidParameter, match=message):
        latency(b"", rows, **options)
