import json
import subprocess
import sys

import numpy as np
import pytest

from mlflow_prod.compress import timed
from mlflow_prod.compress.timed import _as_read, _cut

ASKED = {"sizes": [1, 4], "calls": 5, "warm_up": 2, "seconds": 10, "least": 1}


@pytest.fixture(scope="module")
def files(float32_file, rows, tmp_path_factory):
    folder = tmp_path_factory.mktemp("timed")
    (folder / "model.tflite").write_bytes(float32_file)
    np.save(folder / "rows.npy", rows)
    return str(folder / "model.tflite"), str(folder / "rows.npy")


def test_each_size_is_timed_as_often_as_asked(files):
    code = (
        "import os, runpy, sys; sys.argv[0] = sys.argv.pop(1);"
        "runpy.run_path(sys.argv[0], run_name='__main__');"
        "print(len(os.sched_getaffinity(0)), 'mlflow_prod' in sys.modules, 'tensorflow' in sys.modules)"
    )
    command = [sys.executable, "-P", "-c", code, timed.__file__, *files, json.dumps(ASKED)]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    taken = json.loads(said[-2])
    assert [len(times) for times in taken] == [5, 5] and min(map(min, taken)) > 0
    # On one processor, with nothing else of the product beside it.
    assert said[-1] == "1 False False"


def test_batches_go_through_the_rows_in_turn_and_from_the_first_again():
    rows = np.arange(10.0).reshape(5, 2)
    assert [batch[:, 0].tolist() for batch in _cut(rows, 2)] == [[0, 2], [4, 6]]
    assert [batch[:, 0].tolist() for batch in _cut(rows, 7)] == [[0, 2, 4, 6, 8, 0, 2]]
    assert all(batch.flags.c_contiguous for batch in _cut(rows, 2))


def test_rows_are_quantized_as_a_file_of_integers_reads_them():
    detail = {"dtype": np.int8, "quantization": (0.5, -3)}
    assert _as_read(np.array([[0.0, 1.0, -1.0, 1e6]]), detail).tolist() == [[-3, -1, -5, 127]]
    assert _as_read(np.array([[1.5]]), {"dtype": np.float32}).dtype == np.float32
