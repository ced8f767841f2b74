"""Who asks."""

import getpass

import flask


def author() -> str:
    """The user that basic-auth knows, else the one that the process runs as."""
    user = flask.g.get("mlflow_authenticated_user") if flask.has_request_context() else None
    return user or getpass.getuser()
