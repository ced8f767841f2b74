"""The gate on the way, told from what lies past it."""

from pathlib import Path

import mlflow
import pytest

from mlflow_prod.errors import EvidenceError, InvalidParameter
from mlflow_prod.evidence import Evidence, Measure, attest, digest_of_folder, pack
from mlflow_prod.tracking import hold_gated
from tests.serving import mlflow_server


@pytest.mark.parametrize(
    "uri", ["sqlite:////srv/x.db", "postgresql+psycopg://me:secret@host/db", "/srv/mlruns"]
)
def test_a_database_reached_directly_is_refused_and_no_password_told(uri, monkeypatch):
    monkeypatch.setenv("MLFLOW_REGISTRY_URI", uri)
    with pytest.raises(InvalidParameter, match="the gate before a database") as refusal:
        hold_gated()
    assert "secret" not in str(refusal.value)


@pytest.mark.parametrize("scheme", ["", "gated:"])
def test_a_server_shows_by_the_evidence_it_took_in(scheme, workplace, monkeypatch):
    with mlflow_server(workplace, scheme=scheme) as server:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", server)
        monkeypatch.setenv("MLFLOW_REGISTRY_URI", server)
        client = mlflow.MlflowClient(server, server)
        run = client.create_run("0")
        client.log_text(run.info.run_id, "flavors: {}\n", "model/MLmodel")
        client.create_registered_model("loans")
        client.create_model_version("loans", f"{run.info.artifact_uri}/model", run.info.run_id)
        hold_gated("loans", "1")
        digest = digest_of_folder(Path(client.download_artifacts(run.info.run_id, "model")))
        sent = pack([attest(Evidence("evaluation", digest, "0" * 64, (Measure("auc", 0.9),)))])
        client.set_model_version_tag("loans", "1", "mlflow_prod.evidence", sent)
        if scheme:
            hold_gated("loans", "1")
        else:
            with pytest.raises(EvidenceError, match="--registry-store-uri gated:"):
                hold_gated("loans", "1")
