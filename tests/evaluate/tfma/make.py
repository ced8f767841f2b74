"""Makes TensorFlow Model Analysis' own results, which ours are held against.

In an environment of its own, since it needs other versions than this project (Python 3.11):

    python3.11 -m venv tfma && tfma/bin/pip install tensorflow-model-analysis==0.52.0
    tfma/bin/pip install --no-deps fairness-indicators==0.52.0
    tfma/bin/python tests/evaluate/tfma/make.py

Writes `rows.csv` and, for each `<name>.config.json` here, `<name>.results.json`.
"""

import json
import tempfile
from pathlib import Path

import fairness_indicators.fairness_indicators_metrics  # noqa: F401 registers its metric
import numpy as np
import pandas as pd
import tensorflow_model_analysis as tfma
from google.protobuf import json_format
from tensorflow_model_analysis.api import model_eval_lib
from tensorflow_model_analysis.proto import config_pb2
from tensorflow_model_analysis.slicer import slicer_lib
from tensorflow_model_analysis.utils import config_util

HERE = Path(__file__).parent
ROWS = 240
CLASSES = 3


def rows() -> pd.DataFrame:
    """Rows with scores of two models, some of which lie on thresholds."""
    rng = np.random.Generator(np.random.PCG64(7))
    label = rng.integers(0, 2, ROWS)
    kind = rng.integers(0, CLASSES, ROWS)
    amount = rng.gamma(2.0, 3.0, ROWS) + 0.5
    table = {
        "sex": rng.choice(["Female", "Male"], ROWS),
        "town": rng.choice(["north", "south", "east"], ROWS, p=[0.6, 0.35, 0.05]),
        "age": rng.integers(3, 6, ROWS) * 10,
        "weight": rng.integers(1, 9, ROWS) / 4,
        "label": label,
        "score": (0.5 + 0.2 * (2 * label - 1) + 0.25 * rng.normal(size=ROWS)).clip(0.003, 0.997).round(5),
        "other": (0.5 + 0.1 * (2 * label - 1) + 0.25 * rng.normal(size=ROWS)).clip(0.01, 0.99).round(2),
        "kind": kind,
        "amount": amount.round(2),
        "guess": (amount + rng.normal(size=ROWS)).clip(0.1).round(2),
        "guess_before": (amount + 2 * rng.normal(size=ROWS)).clip(0.1).round(2),
    }
    table["score"][::10] = rng.choice([0.25, 0.3, 0.35, 0.5, 0.75], ROWS // 10)
    # Parts of 64, which are exact in float32, too, and add to 1.
    parts = rng.dirichlet([1] * CLASSES, ROWS)
    parts[np.arange(ROWS), kind] += 0.3
    parts = np.floor(parts / parts.sum(axis=1, keepdims=True) * 62).clip(1) / 64
    parts[:, -1] = 1 - parts[:, :-1].sum(axis=1)
    return pd.DataFrame(table | {f"part_{code}": parts[:, code] for code in range(CLASSES)})


def results(config: dict, table: pd.DataFrame) -> dict:
    """Its metrics, plain numbers or named ones, by slice and key, and its verdict."""
    parsed = json_format.ParseDict(config, config_pb2.EvalConfig())
    baseline = any(spec.is_baseline for spec in parsed.model_specs)
    # It sees a baseline only where models are loaded, and here their answers are columns of the table.
    model_eval_lib._update_eval_config_with_defaults = lambda config, _: (
        config_util.update_eval_config_with_defaults(config, has_baseline=baseline)
    )
    with tempfile.TemporaryDirectory() as place:
        tfma.analyze_raw_data(table, parsed, output_path=place)
        found = list(tfma.load_metrics(place))
        checked = tfma.load_validation_result(place)
    metrics: dict = {}
    for part in found:
        for one in part.metric_keys_and_values:
            if not one.key.is_diff:
                models = metrics.setdefault(_slice(part.slice_key), {})
                models.setdefault(one.key.model_name, {})[_name(one.key)] = _value(one.value)
    return {
        "metrics": metrics,
        "validation": {
            "passed": checked.validation_ok,
            "failures": sorted(
                [_slice(part.slice_key), one.metric_key.name, one.metric_key.is_diff, one.message]
                for part in checked.metric_validations_per_slice
                for one in part.failures
            ),
            "missing": [json_format.MessageToDict(one) for one in checked.missing_slices],
        },
    }


def _slice(key) -> str:
    cut = slicer_lib.deserialize_slice_key(key)
    return ", ".join(f"{name} {value}" for name, value in cut) or "all rows"


def _name(key) -> str:
    average = [field.name for field, value in key.aggregation_type.ListFields() if value]
    of = [f"class {key.sub_key.class_id.value}"] if key.sub_key.HasField("class_id") else average
    return " of ".join([key.name, *of])


def _value(value):
    plain = json_format.MessageToDict(value)
    if "doubleValue" in plain:
        return float(plain["doubleValue"])
    if "arrayValue" in plain:
        return plain["arrayValue"]["float64Values"]
    return plain["confusionMatrixAtThresholds"]["matrices"]


def main() -> None:
    """All of them."""
    rows().to_csv(HERE / "rows.csv", index=False)
    table = pd.read_csv(HERE / "rows.csv")
    table["parts"] = table[[f"part_{code}" for code in range(CLASSES)]].to_numpy().tolist()
    for file in sorted(HERE.glob("*.config.json")):
        found = results(json.loads(file.read_text()), table)
        (HERE / file.name.replace("config", "results")).write_text(json.dumps(found, indent=0) + "\n")


if __name__ == "__main__":
    main()
