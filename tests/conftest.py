"""The environment of every test: on the CPU, quiet, phoning nobody; and a folder to work in."""

import contextlib
import os
import shutil
import signal
import sqlite3
import sys

import pytest
from hypothesis import HealthCheck, settings

from tests.demo import Story
from tests.spark import local_spark

# Before any test imports TensorFlow or MLflow, which read these once.
os.environ |= {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "1",
    "CUDA_VISIBLE_DEVICES": "-1",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "MPLBACKEND": "agg",
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    # As many test processes as cores, so one thread each.
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "NUMBA_NUM_THREADS": "1",
    "TF_NUM_INTRAOP_THREADS": "1",
    "TF_NUM_INTEROP_THREADS": "1",
}
# What the developer's own shell points at must be reached by no test.
OUTSIDE = (
    "MLFLOW_TRACKING_URI",
    "MLFLOW_REGISTRY_URI",
    "MLFLOW_RUN_ID",
    "MLFLOW_EXPERIMENT_ID",
    "MLFLOW_EXPERIMENT_NAME",
    "MLFLOW_PROD_POLICY",
)
for name in OUTSIDE:
    os.environ.pop(name, None)
# What an example takes says how busy the machine is, and nothing of the code.
settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")
# A main module without a file, as pytest's workers have, PySpark takes for a run of its own tests, and ends.
if not hasattr(sys.modules["__main__"], "__file__"):
    sys.modules["__main__"].__file__ = __file__
# Folders whose tests share what takes minutes to make: the demo, and the models of the scripts.
SHARED = ("story", "projects")
# A shell starts what it puts in the background deaf to Ctrl-C, which tests send.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser):
    """How often the tests in tests/faults try their luck; `make faults` tries long."""
    parser.addoption("--kills", type=int, default=4, help="processes killed at random moments, a database")
    parser.addoption("--swaps", type=int, default=30, help="files swapped at random moments")
    parser.addoption("--mutants", type=int, default=100, help="TFLite files damaged at random")


def pytest_collection_modifyitems(items):
    """Puts the long folders first, so that neither process is left with one of them at the end."""
    items.sort(
        key=lambda item: SHARED.index(item.path.parent.name) if item.path.parent.name in SHARED else 99
    )


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Keeps tests that share something costly in one process: a folder of SHARED, else a file."""
    from xdist.scheduler import LoadScopeScheduling

    class ByCost(LoadScopeScheduling):
        def _split_scope(self, nodeid):
            file = nodeid.split("::")[0]
            return next((folder for folder in SHARED if f"/{folder}/" in file), file)

    config.option.loadscopereorder = False
    return ByCost(config, log)


@pytest.fixture(scope="session")
def mlflow_tables(tmp_path_factory):
    """A database in which MLflow has made its tables: 2 seconds, where a copy takes none."""
    from mlflow import MlflowClient

    path = tmp_path_factory.mktemp("tables") / "mlflow.db"
    MlflowClient(tracking_uri=f"sqlite:///{path}").search_experiments()
    return path


@pytest.fixture
def workplace(tmp_path, monkeypatch, mlflow_tables):
    """An empty folder to work in, with a tracking store and a gated registry in its `mlflow.db`."""
    database = f"sqlite:///{tmp_path}/mlflow.db"
    shutil.copyfile(mlflow_tables, tmp_path / "mlflow.db")
    with contextlib.closing(sqlite3.connect(tmp_path / "mlflow.db")) as connection, connection:
        connection.execute("UPDATE experiments SET artifact_location = ?", [f"{tmp_path}/mlruns/0"])
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLFLOW_PROD_CACHE", str(tmp_path / "cache"))
    forget_mlflow()
    monkeypatch.setenv("MLFLOW_TRACKING_URI", database)
    monkeypatch.setenv("MLFLOW_REGISTRY_URI", f"gated:{database}")
    yield tmp_path
    forget_mlflow()


def forget_mlflow():
    """Ends runs that were left open, and drops what MLflow keeps for the whole process."""
    import mlflow
    from mlflow.tracking import fluent

    while mlflow.active_run():
        mlflow.end_run()
    mlflow.set_tracking_uri(None)
    mlflow.set_registry_uri(None)
    if mlflow.get_active_model_id():
        mlflow.clear_active_model()
    fluent._active_experiment_id = None
    for name in OUTSIDE:
        os.environ.pop(name, None)


@pytest.fixture(scope="session")
def spark():
    """A Spark session on two cores; tests that ask for it are skipped where Java or pyspark is missing."""
    with local_spark() as session:
        yield session


@pytest.fixture(scope="session")
def told(tmp_path_factory):
    return Story(tmp_path_factory.mktemp("story")).tell()


@pytest.fixture
def story(told, workplace, monkeypatch):
    """The demo as it ended, with MLflow pointed at its stores; made once, so tests may look but not touch."""
    for name, value in told.environment.items():
        monkeypatch.setenv(name, value)
    return told
