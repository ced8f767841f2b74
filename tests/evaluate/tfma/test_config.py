import json
import math

import pytest

from mlflow_prod.errors import DataError
from mlflow_prod.evaluate import EvalConfig
from mlflow_prod.evaluate.tfma.config import ChangeThreshold, SlicingSpec, ValueThreshold

SNAKE = {
    "model_specs": [{"label_key": "label_key", "is_baseline": None}],
    "slicing_specs": [{"feature_keys": ["age_group"], "feature_values": {"homeTown": "1"}}],
    "metrics_specs": [
        {
            "metrics": [
                {
                    "class_name": "AUC",
                    "config": '{"num_thresholds": 7}',
                    "threshold": {
                        "value_threshold": {"lower_bound": 0.5, "upper_bound": "Infinity"},
                        "change_threshold": {"absolute": -1e-10, "direction": 2},
                    },
                }
            ],
            "aggregate": {"macro_average": True, "class_weights": {"1": 0.5}},
        }
    ],
    "options": {"min_slice_size": 3, "disabled_outputs": {"values": ["analysis"]}},
}


def camel(values):
    """The fields' names in lowerCamelCase, but not the keys of maps."""
    if isinstance(values, list):
        return [camel(one) for one in values]
    if not isinstance(values, dict):
        return values
    maps = ("feature_values", "class_weights")
    named = {name: one if name in maps else camel(one) for name, one in values.items()}
    return {
        name.title().replace("_", "")[0].lower() + name.title().replace("_", "")[1:]: one
        for name, one in named.items()
    }


def test_both_spellings_texts_and_files_are_read_alike(tmp_path):
    file = tmp_path / "eval_config.json"
    file.write_text(json.dumps({"evalConfig": camel(SNAKE), "version": "0.52.0"}))
    read = [EvalConfig.read(one) for one in (SNAKE, camel(SNAKE), json.dumps(SNAKE), file, str(file))]
    assert all(one == read[0] for one in read)
    metric = read[0].metrics_specs[0].metrics[0]
    assert metric.config == {"num_thresholds": 7}
    assert metric.threshold.limits == (
        ValueThreshold(lower_bound=0.5),
        ChangeThreshold(absolute=-1e-10, direction="HIGHER_IS_BETTER"),
    )
    assert read[0].metrics_specs[0].aggregate.class_weights == {1: 0.5}
    assert read[0].slicing_specs[0].feature_values == {"homeTown": "1"}


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"metric_specs": []}, "metric_specs is no field of the format: did you mean 'metrics_specs'"),
        ({"slicingSpecs": [{"featureKey": ["a"]}]}, "slicingSpecs.0.featureKey is no .*'feature_keys'"),
        ({"slicing_specs": [{"slice_keys_sql": "SELECT"}]}, "slice_keys_sql is not read: name the columns"),
        ({"crossSlicingSpecs": []}, "crossSlicingSpecs is not read: compare slices"),
        ({"metrics_specs": [{"query_key": "q"}]}, "query_key is not read"),
        ({"metrics_specs": [{"binarize": {"top_k_list": {"values": [1]}}}]}, "top_k_list is not read"),
        (
            {"slicing_specs": [{"feature_keys": ["a"], "feature_values": {"a": "1"}}]},
            "must not share a column",
        ),
        ({"metrics_specs": [{"metrics": [{"config": "{}"}]}]}, "metrics.0.className: Field required"),
        ({"metrics_specs": [{"metrics": [{"class_name": "AUC", "config": "{x"}]}]}, "metrics.0.config: "),
        ({"metrics_specs": [{"aggregate": {"micro_average": 1, "macro_average": 1}}]}, "only one average"),
        ({"options": {"min_slice_size": "many"}}, "min_slice_size: .* got 'many'"),
        (
            {"metrics_specs": [{"thresholds": {"a": {"change_threshold": {"direction": [1]}}}}]},
            "direction: .* got \\[1\\]",
        ),
        ('{"a":' * 100_000, "cannot be read as an EvalConfig in JSON"),
        ("{", "cannot be read as an EvalConfig in JSON"),
        ("nowhere.json", "nowhere.json cannot be read as an EvalConfig"),
    ],
)
def test_what_is_no_config_is_said_with_its_place(config, said):
    with pytest.raises(DataError, match=said):
        EvalConfig.read(config)


def test_a_file_must_hold_a_config(tmp_path):
    file = tmp_path / "list.json"
    file.write_text("[1]")
    with pytest.raises(DataError, match="must hold an EvalConfig in JSON, got list"):
        EvalConfig.read(file)


@pytest.mark.parametrize(
    ("direction", "limits", "value", "baseline", "holds"),
    [
        ("HIGHER_IS_BETTER", {"absolute": 0.1}, 0.75, 0.5, True),
        ("HIGHER_IS_BETTER", {"absolute": 0.3}, 0.75, 0.5, False),
        ("HIGHER_IS_BETTER", {"absolute": -0.3}, 0.25, 0.5, True),
        ("LOWER_IS_BETTER", {"absolute": -0.25}, 0.25, 0.5, True),
        ("LOWER_IS_BETTER", {"absolute": -0.3}, 0.25, 0.5, False),
        ("HIGHER_IS_BETTER", {"relative": 0.5}, 0.75, 0.5, True),
        ("HIGHER_IS_BETTER", {"relative": 0.51}, 0.75, 0.5, False),
        ("HIGHER_IS_BETTER", {"absolute": 0.1, "relative": 0.51}, 0.75, 0.5, False),
        ("HIGHER_IS_BETTER", {"relative": -1}, 0.75, 0, False),
        ("HIGHER_IS_BETTER", {"absolute": -1}, math.nan, 0.5, False),
        ("LOWER_IS_BETTER", {"absolute": 1}, 0.5, math.nan, False),
    ],
)
def test_a_change_holds(direction, limits, value, baseline, holds):
    assert ChangeThreshold(direction=direction, **limits).holds(value, baseline) is holds


def test_a_slicing_spec_matches_cuts_of_its_columns_and_values():
    spec = SlicingSpec(feature_keys=("sex",), feature_values={"age": "40"})
    assert spec.matches((("age", "40"), ("sex", "f")))
    assert spec.matches((("age", "40.0"), ("sex", "m")))
    assert not spec.matches((("age", "41"), ("sex", "f")))
    assert not spec.matches((("age", "40"),))
    assert not spec.matches((("age", "40"), ("sex", "f"), ("town", "a")))
    assert SlicingSpec().matches(())
