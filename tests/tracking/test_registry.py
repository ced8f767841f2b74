"""The gate on the way, told from what lies past it."""

import pytest

from mlflow_prod.errors import InvalidParameter
from mlflow_prod.tracking import hold_gated
from tests.serving import mlflow_server


@pytest.mark.parametrize(
    "uri", ["sqlite:////srv/x.db", "postgresql+psycopg://me:secret@host/db", "/srv/mlruns"]
)
def test_a_database_reached_directly_is_refused_and_no_password_told(uri, monkeypatch):
    monkeypatch.setenv("MLFLOW_REGISTRY_URI", uri)
    with pytest.raises(InvalidParameter, match="the gate before a database") as refusal:
        hold_gated("loans")
    assert "secret" not in str(refusal.value)


@pytest.mark.parametrize("scheme", ["", "gated:"])
def test_a_server_shows_by_what_it_answers(scheme, workplace, monkeypatch):
    with mlflow_server(workplace, scheme=scheme) as server:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", server)
        monkeypatch.setenv("MLFLOW_REGISTRY_URI", server)
        for name in ("loans", "nobody"):
            if scheme:
                hold_gated(name)
            else:
                with pytest.raises(InvalidParameter, match="--registry-store-uri gated:"):
                    hold_gated(name)
