"""The models that a student learns from, asked once for each part of the data."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mlflow_prod.candidate.evaluation import Measured
from mlflow_prod.candidate.load import Model
from mlflow_prod.data import Part
from mlflow_prod.distill import Lessons, cache_folder, cached, ensemble, features_of, key_of
from mlflow_prod.encoder import Encoder
from mlflow_prod.errors import DataError, ModelError
from mlflow_prod.foreign import ForeignModel
from mlflow_prod.models import KerasModel
from mlflow_prod.tracking import ModelReference


@dataclass(frozen=True)
class Teacher:
    """A model of the same task as the student: ours, or of others."""

    reference: ModelReference
    model: Measured

    def scores(self, part: Part) -> tuple[np.ndarray, str]:
        """(scores of raw rows after `Task`'s convention, where they came from), kept in the cache.

        DataError for a teacher that names classes and no probabilities.
        """
        model = self.model
        if isinstance(model, ForeignModel):
            rows = part.features if part.raw is None else part.raw
            # Columns that the part's own digest leaves out are read, and classes put in the task's order.
            said = json.dumps([model.task.to_dict(), list(model.columns)])
            key = key_of("scores", self.reference.digest, Part(rows, np.empty(0)).digest, said)
        else:
            key = key_of("scores", self.reference.digest, part.digest)
        return cached(cache_folder(), key, len(part), lambda: self._asked(part))

    def features(self, part: Part, layer: str) -> tuple[np.ndarray, str]:
        """(what a hidden layer says of the rows, where it came from); ModelError for one without layers."""
        model = self.model
        if not isinstance(model, KerasModel):
            raise ModelError(
                f"{self.reference.uri} has no layers that a hint could read (its flavors: "
                f"{', '.join(self.reference.flavors)}): name a Keras model of mlflow_prod first, or no hint"
            )
        network, encode = model.network, model.encoder
        key = key_of("features", self.reference.digest, part.digest, layer)
        return cached(
            cache_folder(), key, len(part), lambda: features_of(network, layer, encode.encode(part.features))
        )

    def _asked(self, part: Part) -> np.ndarray:
        if not isinstance(self.model, Model):
            answers = self.model.answer(part.features if part.raw is None else part.raw)
            if not answers.graded:
                raise DataError(
                    f"the teacher {self.reference.uri} answers with classes only, and a student learns from "
                    "probabilities: log it so that it gives one for each class"
                )
            return answers.values
        return self.model.predict(part.features)


@dataclass(frozen=True)
class Teachers:
    """One teacher, or several whose scores are averaged; hints come from the first."""

    members: Sequence[Teacher]

    @property
    def ours(self) -> tuple[Teacher, Model] | None:
        """The first that this product made, and its model."""
        return next(((one, one.model) for one in self.members if isinstance(one.model, Model)), None)

    def scores(self, part: Part, name: str) -> np.ndarray:
        """The scores of the rows, as `Teacher.scores`; prints how each came by them, calling them `name`."""
        found = {one.reference.uri: one.scores(part) for one in self.members}
        for uri, (_, how) in found.items():
            print(f"answers of {uri} to {len(part):,} {name} rows: {how}")
        return ensemble({uri: scores for uri, (scores, _) in found.items()})

    def features(self, part: Part, layer: str, name: str) -> np.ndarray:
        """What the first one's hidden layer says of the rows; prints as `scores` does."""
        found, how = self.members[0].features(part, layer)
        print(f"layer {layer} of {self.members[0].reference.uri} on {len(part):,} {name} rows: {how}")
        return found

    def lessons(self, encode: Encoder, part: Part, name: str, layer: str = "") -> Lessons:
        """The rows as a student reads them, and what the teachers said; `layer` is the first one's."""
        features = self.features(part, layer, name) if layer else None
        return Lessons(
            encode.encode(part.features), part.target, self.scores(part, name), part.weight, features
        )
