"""Which data a script works on."""

from dataclasses import asdict, dataclass
from functools import lru_cache

from mlflow_prod.data import Dataset, describe, load
from mlflow_prod.errors import InvalidParameter
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
    def load(self) -> Dataset:
        """The data, split; prints what was inferred."""
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
        )
        print(describe(dataset))
        return dataset

    def or_that_of(self, model: ModelReference) -> "Source":
        """These parameters, or where `data` is not named the ones that the model was made with.

        Raises InvalidParameter where neither names any data.
        """
        if self.data:
            return self
        made_with = model.metadata.get("source")
        if not isinstance(made_with, dict):
            raise InvalidParameter(
                "data", f"named, since {model.uri} does not say what it was trained on", self.data
            )
        return Source(**made_with)

    def to_dict(self) -> dict[str, object]:
        """The parameters as JSON values, to be stored with a model."""
        return asdict(self)
