"""The `EvalConfig` of TensorFlow Model Analysis, read from JSON."""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator
from pydantic.alias_generators import to_camel, to_snake

from mlflow_prod.errors import LONGEST, DataError, did_you_mean
from mlflow_prod.profile.cells import Slice

# Fields of the format that change figures and are not read: what to do instead.
NOT_READ = {
    "slice_keys_sql": "name the columns in feature_keys",
    "cross_slicing_specs": "compare slices in the table of metrics, or with `fairness`",
    "cross_slice_thresholds": "compare slices in the table of metrics, or with `fairness`",
    "k_list": "name classes in class_ids",
    "top_k_list": "name classes in class_ids",
    "query_key": "measure rankings with the ranking metrics of this package",
    "output_names": "give a config for each output",
    "output_weights": "give a config for each output",
    "label_keys": "give a config for each output, with label_key",
    "prediction_keys": "give a config for each output, with prediction_key",
    "example_weight_keys": "give a config for each output, with example_weight_key",
    "padding_options": "give tables of one row per answer",
    "preprocessing_function_names": "preprocess the table first",
}
# By the enum's numbers, as JSON may give them.
DIRECTIONS = {1: "LOWER_IS_BETTER", 2: "HIGHER_IS_BETTER"}


def _direction(got: Any) -> Any:
    return DIRECTIONS.get(got, got) if isinstance(got, int) else got


def _loaded(config: Any) -> Any:
    return json.loads(config or "{}") if isinstance(config, str) else config


class Message(BaseModel):
    """A message of the format: fields in snake_case or lowerCamelCase; null is what is not set."""

    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=to_camel, populate_by_name=True)

    @model_validator(mode="before")
    @classmethod
    def _set(cls, values: Any) -> Any:
        if not isinstance(values, Mapping):
            return values
        return {name: value for name, value in values.items() if value is not None}


class SlicingSpec(Message):
    """A slice for each value of the keys together, where the other columns have the given values."""

    feature_keys: tuple[str, ...] = ()
    feature_values: dict[str, str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _apart(self) -> "SlicingSpec":
        if both := set(self.feature_keys) & set(self.feature_values):
            raise ValueError(f"feature_keys and feature_values must not share a column, got {min(both)!r}")
        return self

    @property
    def columns(self) -> tuple[str, ...]:
        """What it cuts by, sorted."""
        return tuple(sorted({*self.feature_keys, *self.feature_values}))

    def matches(self, cut: Slice) -> bool:
        """Whether a slice is one of these."""
        values = dict(cut)
        return tuple(sorted(values)) == self.columns and all(
            _alike(values[name], text) for name, text in self.feature_values.items()
        )


class ValueThreshold(Message):
    """Where a metric's value may lie."""

    lower_bound: float = -math.inf
    upper_bound: float = math.inf

    def holds(self, value: float, _: float) -> bool:
        """Whether it lies there; NaN does not."""
        return self.lower_bound <= value <= self.upper_bound

    @property
    def rule(self) -> str:
        """In words."""
        low = [f">= {self.lower_bound:g}"] if self.lower_bound > -math.inf else []
        high = [f"<= {self.upper_bound:g}"] if self.upper_bound < math.inf else []
        return " and ".join(low + high) or "any number"


class ChangeThreshold(Message):
    """How far a metric may be from the baseline's: the least gain, or with a negative sign the most loss."""

    absolute: float | None = None
    relative: float | None = None
    direction: Annotated[Literal["LOWER_IS_BETTER", "HIGHER_IS_BETTER"], BeforeValidator(_direction)]

    def holds(self, value: float, baseline: float) -> bool:
        """Whether value less baseline does, by itself and as a share of the baseline's; NaN does not."""
        gap = value - baseline
        share = gap / baseline if baseline else math.nan
        sign = 1 if self.direction == "HIGHER_IS_BETTER" else -1
        limits = ((gap, self.absolute), (share, self.relative))
        return all(sign * got >= sign * limit for got, limit in limits if limit is not None)

    @property
    def rule(self) -> str:
        """In words."""
        side = ">=" if self.direction == "HIGHER_IS_BETTER" else "<="
        absolute = [] if self.absolute is None else [f"{side} {self.absolute:g}"]
        relative = [] if self.relative is None else [f"{side} {self.relative:g} of the baseline's"]
        return f"change {' and '.join(absolute + relative)}"


class MetricThreshold(Message):
    """What a metric is held to."""

    value_threshold: ValueThreshold | None = None
    change_threshold: ChangeThreshold | None = None

    @property
    def limits(self) -> tuple[ValueThreshold | ChangeThreshold, ...]:
        """Those that are set."""
        return tuple(limit for limit in (self.value_threshold, self.change_threshold) if limit is not None)


class SliceThreshold(Message):
    """What a metric is held to in some slices; of none of them in particular: in every slice."""

    slicing_specs: tuple[SlicingSpec, ...] = ()
    threshold: MetricThreshold


class SliceThresholds(Message):
    """Several of them."""

    thresholds: tuple[SliceThreshold, ...] = ()


class MetricConfig(Message):
    """A metric by the name of its class, and what that is made with (`config`, JSON)."""

    class_name: str
    module: str = ""
    config: Annotated[dict[str, Any], BeforeValidator(_loaded)] = Field(default_factory=dict)
    threshold: MetricThreshold = MetricThreshold()
    per_slice_thresholds: tuple[SliceThreshold, ...] = ()


class Numbers(Message):
    """A list of whole numbers."""

    values: tuple[int, ...] = ()


class Binarize(Message):
    """Classes that are told from all others, one by one."""

    class_ids: Numbers = Numbers()


class Aggregate(Message):
    """How classes are taken together."""

    micro_average: bool = False
    macro_average: bool = False
    weighted_macro_average: bool = False
    class_weights: dict[int, float] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _one(self) -> "Aggregate":
        if self.micro_average + self.macro_average + self.weighted_macro_average > 1:
            raise ValueError("only one average may be asked for")
        return self

    @property
    def average(self) -> str:
        """Which mean of the classes is taken, "" for none."""
        asked = {
            "micro": self.micro_average,
            "macro": self.macro_average,
            "weighted macro": self.weighted_macro_average,
        }
        return next((name for name, wanted in asked.items() if wanted), "")


class ExampleWeights(Message):
    """Whether rows count by their weight, or each alike, or both."""

    weighted: bool = False
    unweighted: bool = False


class MetricsSpec(Message):
    """Metrics that are computed alike. `thresholds`: by the name of one of them."""

    metrics: tuple[MetricConfig, ...] = ()
    model_names: tuple[str, ...] = ()
    binarize: Binarize = Binarize()
    aggregate: Aggregate = Aggregate()
    example_weights: ExampleWeights | None = None
    thresholds: dict[str, MetricThreshold] = Field(default_factory=dict)
    per_slice_thresholds: dict[str, SliceThresholds] = Field(default_factory=dict)


class ModelSpec(Message):
    """A model, and the columns of its labels, answers and weights. How it is loaded is not read."""

    name: str = ""
    model_type: str = ""
    signature_name: str = ""
    label_key: str = ""
    prediction_key: str = ""
    example_weight_key: str = ""
    is_baseline: bool = False
    inference_batch_size: int = 0


class Options(Message):
    """`min_slice_size`: rows that a slice must have. The others say what is written, and are not read."""

    min_slice_size: int = 0
    include_default_metrics: bool = True
    compute_confidence_intervals: bool = True
    confidence_intervals: dict[str, Any] = Field(default_factory=dict)
    disabled_outputs: dict[str, Any] = Field(default_factory=dict)


class EvalConfig(Message):
    """What is measured, in which slices, and what it is held to, as TensorFlow Model Analysis 0.52 reads it.

    Source: `EvalConfig` of its config.proto, in proto3's JSON. Not for its text format: write it as JSON with
    `google.protobuf.json_format` first.
    """

    model_specs: tuple[ModelSpec, ...] = ()
    slicing_specs: tuple[SlicingSpec, ...] = ()
    metrics_specs: tuple[MetricsSpec, ...] = ()
    options: Options = Options()

    @classmethod
    def read(cls, source: Mapping[str, Any] | str | Path) -> "EvalConfig":
        """From JSON values, JSON text (which starts with a brace), or a file of it.

        Raises DataError for what is no such config, naming the place, and for fields that change figures but
        that are not read.
        """
        values, where = _values(source)
        # As it is saved beside results.
        values = values.get("eval_config", values.get("evalConfig", values))
        try:
            return cls.model_validate(values)
        except ValidationError as problem:
            raise DataError(f"{where}: {_said(problem)}") from problem


def _values(source: Mapping[str, Any] | str | Path) -> tuple[Mapping[str, Any], str]:
    if isinstance(source, Mapping):
        return source, "the EvalConfig"
    text = str(source)
    inline = text.lstrip().startswith("{")
    where = "the EvalConfig" if inline else text[:LONGEST]
    try:
        found = json.loads(text if inline else Path(source).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as problem:
        raise DataError(f"{where} cannot be read as an EvalConfig in JSON: {problem}") from problem
    if not isinstance(found, dict):
        raise DataError(f"{where} must hold an EvalConfig in JSON, got {type(found).__name__}")
    return found, where


def _said(problem: ValidationError) -> str:
    error = problem.errors()[0]
    *above, last = error["loc"] or ("",)
    place = ".".join(str(part) for part in error["loc"])
    if error["type"] == "extra_forbidden":
        name = to_snake(str(last))
        if name in NOT_READ:
            return f"{place} is not read: {NOT_READ[name]}"
        return f"{place} is no field of the format: {did_you_mean(name, _fields(above))}"
    return f"{place + ': ' if place else ''}{error['msg']}, got {error['input']!r}"


def _fields(place: list[int | str]) -> set[str]:
    holder: Any = EvalConfig
    for part in place:
        if isinstance(part, str) and to_snake(part) in getattr(holder, "model_fields", {}):
            holder = _message(holder.model_fields[to_snake(part)].annotation)
    return set(holder.model_fields) if holder else set()


def _message(annotation: Any) -> Any:
    if isinstance(annotation, type) and issubclass(annotation, Message):
        return annotation
    return next((found for part in getattr(annotation, "__args__", ()) if (found := _message(part))), None)


def _alike(value: str, text: str) -> bool:
    try:
        return value == text or float(value) == float(text)
    except ValueError:
        return False
