import pytest
from mlflow.tracking import MlflowClient

from mlflow_prod.evidence import Evidence, Measure, attest, digest_of_folder, pack
from mlflow_prod.plugins.registry_store import build
from tests.databases import MARIADB, mariadb, postgresql, sqlite

DATA = "d" * 64
POLICY = """
version: 1
models:
  "*":
    targets: [Production, champion]
    require:
      - {check: evaluation, measure: accuracy, at_least: 0.8}
      - {check: evaluation, measure: accuracy, versus: incumbent, worse_by_at_most: 0}
"""


class Registry:
    """A registry: the store behind `gated:`, a client of it, and models of a few bytes in a folder."""

    def __init__(self, folder, policy, database):
        self.folder = folder
        self.policy = folder / "policy.yaml"
        if policy:
            self.policy.write_text(policy)
        self.uri = f"gated:{database}"
        self.store = build(self.uri, self.uri)
        self.client = MlflowClient(database, self.uri)

    def files(self, version):
        return self.folder / "models" / str(version)

    def register(self, *numbers, name="loans", tags=None):
        """Versions of `name` whose files hold their number."""
        for number in numbers:
            self.files(number).mkdir(parents=True, exist_ok=True)
            (self.files(number) / "MLmodel").write_text(f"flavors: {{}}\nnumber: {number}\n")
            self.client.create_model_version(name, str(self.files(number)), tags=tags)

    def evidence(self, number, accuracy, check="evaluation", **more):
        return Evidence(
            check, digest_of_folder(self.files(number)), DATA, (Measure("accuracy", accuracy),), **more
        )

    def submit(self, version, *records, name="loans", key=None):
        envelope = pack([attest(record, key) for record in records])
        self.client.set_model_version_tag(name, str(version), "mlflow_prod.evidence", envelope)

    def rows(self, table, columns="*"):
        with self.store.engine.connect() as connection:
            return connection.exec_driver_sql(f"SELECT {columns} FROM {table} ORDER BY id").all()


SERVERS = {"sqlite": sqlite, "postgresql": postgresql, "mariadb": mariadb}


@pytest.fixture(scope="session", params=SERVERS)
def fresh_database(request, tmp_path_factory):
    """A function that makes an empty registry database, of each kind in turn."""
    if request.param == "mariadb" and not MARIADB.exists():
        pytest.skip(f"needs {MARIADB}: apt-get install mariadb-server")
    with SERVERS[request.param](tmp_path_factory.mktemp(request.param)) as fresh:
        yield fresh


@pytest.fixture
def make_registry(tmp_path, monkeypatch, fresh_database):
    """A function of a policy's text, None for none, that makes a registry holding the empty model `loans`."""
    monkeypatch.delenv("MLFLOW_PROD_POLICY", raising=False)
    monkeypatch.chdir(tmp_path)
    made = []

    def make(policy=POLICY):
        registry = Registry(tmp_path, policy, fresh_database())
        made.append(registry)
        registry.client.create_registered_model("loans")
        return registry

    yield make
    for registry in made:
        registry.store.engine.dispose()


@pytest.fixture
def registry(make_registry):
    """A registry where two versions of `loans` stand without evidence."""
    made = make_registry()
    made.register(1, 2)
    return made
