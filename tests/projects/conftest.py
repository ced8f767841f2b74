"""One small model of each kind, made once by the scripts themselves."""

from pathlib import Path

import mlflow
import pytest

from projects.source import Source

SMALL = Source(data="loans?rows=4000", seed=1)
DIGITS = Source(data="digits", seed=3)
IMAGES = {"units": "32"}
QUICK = {"units": "16,8", "epochs": 2}


class Home:
    """A folder with a tracking store and a gated registry, and the models that entry points made in it."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.database = f"sqlite:///{folder}/mlflow.db"
        self._made = {}

    def made(self, entry_point: str):
        """The reference that an entry point returned on small data."""
        if entry_point not in self._made:
            self._made[entry_point] = getattr(self, f"_{entry_point}")()
        return self._made[entry_point]

    def run_of(self, entry_point: str) -> mlflow.entities.Run:
        """The run that made that model."""
        uri = self.made(entry_point).uri
        (run,) = mlflow.search_runs(filter_string=f"tags.model_uri = '{uri}'", output_format="list")
        return run

    def _main(self):
        from projects.main import main

        return main(DIGITS, **IMAGES)

    def _train(self):
        from projects.train import train

        return train(SMALL, **QUICK)

    def _compress(self):
        from projects.compress import compress

        return compress(self.made("train").uri, recipes="int8")

    def _tune(self):
        from projects.tune import tune

        return tune(SMALL, trials=2, epochs=1)

    def _reduce(self):
        from projects.reduce import reduce

        return reduce(SMALL, components=0.9, **QUICK)

    def _distill(self):
        from projects.distill import distill

        return distill(self.made("train").uri, shrink=0.5, **QUICK)

    def _distribute(self):
        from projects.distribute import distribute

        return distribute(SMALL, **QUICK)


@pytest.fixture(scope="session")
def homestead(tmp_path_factory):
    return Home(tmp_path_factory.mktemp("home"))


@pytest.fixture
def home(homestead, workplace, monkeypatch):
    """The shared home, as the place where MLflow tracks and registers."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", homestead.database)
    monkeypatch.setenv("MLFLOW_REGISTRY_URI", f"gated:{homestead.database}")
    monkeypatch.setenv("MLFLOW_PROD_POLICY", str(Path(__file__).parents[2] / "policy.yaml"))
    monkeypatch.chdir(homestead.folder)
    return homestead
