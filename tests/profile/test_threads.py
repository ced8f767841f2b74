import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from mlflow_prod.profile import Cells, Layout
from mlflow_prod.profile.threads import CORES, on_all_cores

ROOT = Path(__file__).parents[2]
CROSSES = tuple((one, other) for one in range(6) for other in range(one))


@pytest.fixture
def cores():
    """Sets how many, for this test alone."""
    before = CORES.set(1)
    yield CORES.set
    CORES.reset(before)


@pytest.mark.parametrize("pieces", [0, 1, 2, 5, 28])
@pytest.mark.parametrize("number", [1, 2, 3, 64])
def test_every_piece_is_done_once(cores, number, pieces):
    cores(number)
    done = []
    on_all_cores(lambda of: done.extend(range(pieces)[of]), pieces)
    assert sorted(done) == list(range(pieces))


def test_what_fails_on_a_thread_fails_here(cores):
    cores(2)
    with pytest.raises(ZeroDivisionError):
        on_all_cores(lambda of: 1 // of.start, 4)


def test_shares_are_worked_on_at_the_same_time(cores):
    cores(2)
    together = threading.Barrier(2, timeout=30)
    on_all_cores(lambda of: together.wait(), 4)


def cells():
    rng = np.random.default_rng(0)
    found = Cells(Layout(tuple("abcdef"), CROSSES, (3,), 1, weighted=True, summed=True))
    for _ in range(3):
        groups = [pa.array(rng.integers(0, 4, 1_000).astype(str)) for _ in range(6)]
        found.add(groups, rng.integers(0, 3, 1_000), rng.normal(size=(1, 1_000)), rng.uniform(size=1_000))
    return found


def test_counts_and_sums_are_the_same_bits_on_any_number_of_cores(cores):
    one = cells().to_bytes()
    for number in (2, 3, 64):
        cores(number)
        assert cells().to_bytes() == one


def test_two_threads_may_count_at_once(cores):
    def counted(_):
        CORES.set(2)
        return cells().to_bytes()

    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(counted, range(8))) == {cells().to_bytes()}


def test_a_fork_counts_on_threads_of_its_own():
    script = """if True:
        import os
        from tests.profile.test_threads import CORES, cells
        CORES.set(2)
        before = cells().to_bytes()
        child = os.fork()
        if not child:
            os._exit(cells().to_bytes() != before)
        raise SystemExit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    """
    told = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore"}
    subprocess.run([sys.executable, "-c", script], check=True, env=told, cwd=ROOT, timeout=60)
