import socket
import sys
import time

import click
import pytest

from mlflow_prod.cli import run_and_exit


@pytest.mark.parametrize("command", ["promote", "approve"])
def test_a_server_that_does_not_answer_is_one_line(run, monkeypatch, command):
    with socket.socket() as taken:
        # Bound and not listening: nobody else takes the port, and nobody answers.
        taken.bind(("127.0.0.1", 0))
        place = f"127.0.0.1:{taken.getsockname()[1]}"
        for name in ("MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI"):
            monkeypatch.setenv(name, f"http://ann:secret@{place}")
        monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
        code, said, error = run(command, "loans", "1", "champion")
    assert (code, said) == (1, "")
    assert error == (
        f"error: nothing answers at http://{place}: start it, or correct MLFLOW_TRACKING_URI or "
        f"MLFLOW_REGISTRY_URI\n"
    )


def test_a_stop_that_meets_a_destructor_is_repeated(capsys):
    hook = sys.unraisablehook

    class Cleaned:
        def __del__(self):
            raise KeyboardInterrupt

    @click.command()
    def work():
        cleaned = Cleaned()
        del cleaned
        time.sleep(5)

    with pytest.raises(SystemExit) as ended:
        run_and_exit(work, [], "work", then=print)
    assert ended.value.code == 130
    assert "stopped" in capsys.readouterr().err
    assert sys.unraisablehook is hook
