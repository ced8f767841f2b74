import pytest

from mlflow_prod.cli import main
from tests.databases import sqlite
from tests.plugins.conftest import make_registry, registry  # noqa: F401


@pytest.fixture(scope="session")
def fresh_database(tmp_path_factory):
    """A function that makes an empty registry database."""
    with sqlite(tmp_path_factory.mktemp("sqlite")) as fresh:
        yield fresh


@pytest.fixture
def run(capsys):
    """A function of arguments: the exit code, and what was said on either stream."""

    def run(*arguments):
        capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            main([str(argument) for argument in arguments])
        said = capsys.readouterr()
        return left.value.code, said.out, said.err

    return run
