"""What docs/gate.md shows in Python works as it stands."""

import re
import runpy

from tests.demo import ROOT


def test_evidence_of_ones_own_goes_in_as_the_page_says(registry, monkeypatch, tmp_path):
    monkeypatch.setenv("MLFLOW_REGISTRY_URI", registry.uri)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", registry.uri.removeprefix("gated:"))
    registry.client.create_registered_model("credit")
    registry.register(1, 2, 3, 4, name="credit")
    (example,) = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "gate.md").read_text(), re.DOTALL)
    (tmp_path / "example.py").write_text(example)
    runpy.run_path(str(tmp_path / "example.py"))
    tag = registry.client.get_model_version("credit", "4").tags["mlflow_prod.evidence"]
    assert tag.startswith("robustness (1 check, unsigned, ")
