"""Who asks."""

import getpass
import os

import flask


def author() -> str:
    """The user that basic-auth knows, else the one that the process runs as."""
    user = flask.g.get("mlflow_authenticated_user") if flask.has_request_context() else None
    return user or _of_process()


def _of_process() -> str:
    try:
        return getpass.getuser()
    # Containers run as users without a name; which error that is depends on the Python.
    except (KeyError, OSError):
        return f"uid {os.getuid()}"
