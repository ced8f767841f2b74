"""Which data a script works on."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path

from mlflow_prod.data import (
    BUILTINS,
    Dataset,
    Part,
    Schema,
    Task,
    describe,
    find_schema_file,
    load,
    load_batches,
    parquet_files,
)
from mlflow_prod.errors import DataError, InvalidParameter
from mlflow_prod.tracking import ModelReference


@dataclass(frozen=True)
class Source:
    """The data parameters that every entry point shares; see `mlflow_prod.data.load` for what each takes."""

    data: str = ""
    target: str = ""
    protected: str = ""
    time: str = ""
    id: str = ""
    weight: str = ""
    schema: str = ""
    protected_as_input: bool = True
    seed: int = 0

    # The steps of `main` work on the same data in one process.
    @lru_cache(maxsize=2)  # noqa: B019
    def load(self, *, raw: bool = False) -> Dataset:
        """The data, split; prints what was inferred. `raw` keeps all columns for models that others made."""
        if not self.data:
            raise InvalidParameter("data", "a name, a path or module:function", self.data)
        check_seed(self.seed)
        dataset = load(
            self.data,
            target=self.target,
            protected=self.protected,
            time=self.time,
            id=self.id,
            weight=self.weight,
            schema=self.schema,
            protected_as_input=self.protected_as_input,
            seed=self.seed,
            raw=raw,
        )
        print(describe(dataset))
        return dataset

    def or_that_of(self, model: ModelReference) -> "Source":
        """These parameters, or where `data` is not named, or the same, the ones the model was made with.

        The same data must be split as it was, or rows that the model has seen would be measured. Raises
        InvalidParameter where a parameter says otherwise, and where neither names any data.
        """
        made_with = model.metadata.get("source")
        kept = Source(**made_with) if isinstance(made_with, dict) else None
        if self.data and (kept is None or self.data != kept.data):
            return self
        if kept is None:
            raise InvalidParameter(
                "data", f"named, since {model.uri} does not say what it was trained on", ""
            )
        mine, theirs, unset = asdict(self), asdict(kept), asdict(Source())
        for name, value in mine.items():
            if name != "data" and value not in (unset[name], theirs[name]):
                rule = f"left out or {theirs[name]!r}, as the model was trained, or other data must be named"
                raise InvalidParameter(name, rule, value)
        return kept

    def load_for(self, model: ModelReference, task: Task, *, raw: bool = False) -> Dataset:
        """This data, to measure a model on.

        DataError where its target or classes are not the model's, and where a file that the model was trained
        on has changed since: divided anew, rows that the model has seen could be measured.
        """
        dataset = self.load(raw=raw)
        seen = model.metadata.get("train_digest")
        made_here = self.data.partition("?")[0] in BUILTINS
        if self.to_dict() == model.metadata.get("source") and not made_here and seen != dataset.train.digest:
            raise DataError(
                f"{self.data} has changed since {model.uri} was trained on it, so that rows it has seen "
                "could be taken for new ones: bring the old rows back, or put new ones into a file of their "
                "own and name that one"
            )
        if dataset.task != task:
            raise DataError(
                f"{dataset.name} has the {dataset.task.kind} target {dataset.task.target!r} with the classes "
                f"{list(dataset.task.classes)}, and {model.uri} was trained for the {task.kind} target "
                f"{task.target!r} with {list(task.classes)}: give data with the same target and classes"
            )
        return dataset

    def as_learnt(self, model: ModelReference) -> bool:
        """Whether these are rows of files that no parameter says more of than the model's own schema does."""
        path = Path(self.data)
        files = path.is_file() or parquet_files(path)
        unsaid = self == Source(data=self.data, schema=self.schema, seed=self.seed)
        known = isinstance(model.metadata.get("schema"), dict)
        # Rows that stand in a file of their own are read by `load` alone.
        return bool(files) and unsaid and known and not find_schema_file(path, self.schema).test

    def parts(self, model: ModelReference, task: Task) -> Iterator[Part]:
        """The rows, a part at a time, as the model was trained to read them; DataError as `load_batches`."""
        schema = model.metadata.get("schema")
        said = Schema.from_dict(schema) if isinstance(schema, dict) else None
        return load_batches(self.data, said, task, schema_file=self.schema, seed=self.seed)

    def hold_new(self, *models: ModelReference) -> None:
        """Raises InvalidParameter where one of the models was trained on rows of this data."""
        for model in models:
            made_with = model.metadata.get("source")
            if isinstance(made_with, dict) and made_with.get("data") == self.data:
                rule = f"test, since {model.uri} was trained on other rows of {self.data}"
                raise InvalidParameter("part", rule, "all")

    def to_dict(self) -> dict[str, object]:
        """The parameters as JSON values, to be stored with a model."""
        return asdict(self)


def check_seed(seed: int) -> None:
    """Raises InvalidParameter unless 0 <= seed < 2**31, the range that every library here takes."""
    if not 0 <= seed < 2**31:
        raise InvalidParameter("seed", "from 0 to 2147483647", seed)
