import socket

import pytest


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
