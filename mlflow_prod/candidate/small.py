"""Small models of one original, made by recipes."""

import math
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from tqdm import tqdm

from mlflow_prod import report
from mlflow_prod.candidate.card import log_card
from mlflow_prod.candidate.compression import log_compression
from mlflow_prod.candidate.finish import finish
from mlflow_prod.candidate.load import Model
from mlflow_prod.candidate.original import path_of
from mlflow_prod.candidate.remedy import weights_as_learnt
from mlflow_prod.compress import AUTO, Candidate, Recipe, Training, choose, compress, compression, front_table
from mlflow_prod.data import Dataset
from mlflow_prod.errors import InvalidParameter, ModelError, ProdError
from mlflow_prod.evidence import Measure
from mlflow_prod.models import KerasModel
from mlflow_prod.tflite import TFLiteModel
from mlflow_prod.tracking import ModelReference, Run, open_run

if TYPE_CHECKING:
    import keras


def read_recipes(text: str) -> tuple[Recipe, ...]:
    """Recipes from their texts, with semicolons between; `auto` stands for those of `compress.AUTO`.

    Raises InvalidParameter for a recipe that cannot be read, and where there is none.
    """
    parts = [part for part in text.split(";") if part.strip()]
    if not parts:
        raise InvalidParameter(
            "recipes", "a recipe such as prune(0.75)+int8, several with ; between, or auto", text
        )
    named = [name for part in parts for name in (AUTO if part.strip().lower() == "auto" else [part])]
    return tuple(dict.fromkeys(Recipe.read(name) for name in named))


@dataclass(frozen=True)
class Smaller:
    """What every small model of one original is made from.

    Parameters
    ----------
    reference, original : where the original is, and what was read there.
    dataset : what it was trained on: the small ones train on its training rows, and are measured on others.
    source : the data parameters, stored with each model.
    calibration_rows : training rows that set the ranges of integers, >= 1.
    epochs, learning_rate, batch_size : of each step that trains.
    seed : of what is drawn.

    Raises InvalidParameter.
    """

    reference: ModelReference
    original: Model
    dataset: Dataset
    source: Mapping[str, Any]
    calibration_rows: int
    epochs: int
    learning_rate: float
    batch_size: int
    seed: int

    def __post_init__(self) -> None:
        # Whether or not a recipe trains.
        for name in ("calibration_rows", "epochs", "batch_size"):
            if getattr(self, name) < 1:
                raise InvalidParameter(name, ">= 1", getattr(self, name))
        if not 0 < self.learning_rate < math.inf:
            raise InvalidParameter("learning_rate", "a number > 0", self.learning_rate)

    def make(self, run: Run, recipe: Recipe) -> "Made":
        """Makes the model of a recipe and logs it, with all that a promotion asks for."""
        run.rename(f"compress, {self.told(recipe)}")
        encode, task = self.original.encoder, self.original.task
        training = self.training if recipe.steps else None
        compressed = compress(self.network, recipe, training, self.calibration)
        small = TFLiteModel(compressed.content, encode, task)
        made = finish(run, small, self.dataset, source=self.source, recipe=self.told(recipe), seed=self.seed)
        run.log_measures(compressed.measures, model_id=made.model_id)
        evidence = log_compression(
            run,
            made,
            small,
            self.original,
            self.dataset.test,
            original_digest=self.reference.digest,
            seed=self.seed,
        )
        log_card(run, made, task)
        return Made(made, small, tuple(measure for one in evidence for measure in one.measures))

    def smallest(self, run: Run, recipes: Sequence[Recipe], tolerance: float) -> ModelReference:
        """Makes the model of each recipe in a child run, and takes the smallest that loses little enough.

        What is lost is told by the validation rows, on which no evidence rests: by the cautious end of the
        paired interval of the accuracy, or of the mean absolute error in standard deviations of the target. A
        recipe that fails leaves a FAILED child run, and the others go on. Logged: the table `recipes`, the
        plot `front`, and the figures of the one that is taken. Raises ModelError where no recipe loses at
        most `tolerance`.
        """
        made: dict[str, Made] = {}
        failures: dict[str, str] = {}
        candidates = []
        for recipe in tqdm(recipes, desc="recipes", unit="recipe", file=sys.stderr):
            with suppress(ProdError), open_run(str(recipe), {"recipes": str(recipe)}) as child:
                try:
                    one = made[str(recipe)] = self.make(child, recipe)
                    candidates.append(self._judged(recipe, one))
                except ProdError as problem:
                    failures[str(recipe)] = str(problem)
                    raise
        for name, reason in failures.items():
            print(f"{name} failed: {reason}")
        if not candidates:
            raise ModelError(f"none of {len(recipes)} recipes made a model: {'; '.join(failures.values())}")
        unit = float(np.std(self.dataset.train.target)) if self.original.task.kind == "regression" else 1.0
        table = front_table(candidates, tolerance * unit)
        run.log_table(table, "recipes")
        measure = "mae" if self.original.task.kind == "regression" else "accuracy"
        run.log_figure(report.front(table, tolerance * unit, measure=measure), "front")
        print(table.to_string(index=False, float_format=lambda number: f"{number:.4g}"))
        chosen = choose(candidates, tolerance * unit)
        if chosen is None:
            nearest = min(candidates, key=lambda one: one.loss_high)
            raise ModelError(
                f"none of {len(candidates)} recipes is known to lose at most {tolerance:g} of {measure} on "
                f"{len(self.dataset.validation):,} validation rows; {nearest.recipe} loses "
                f"{nearest.loss / unit:.4g} [{nearest.loss_low / unit:.4g}, {nearest.loss_high / unit:.4g}]: "
                "raise tolerance, or give more rows"
            )
        print(f"chosen: {chosen.recipe}")
        run.log_measures([one for one in made[chosen.recipe].measures if not one.against])
        return made[chosen.recipe].reference

    def told(self, recipe: Recipe) -> str:
        """The recipe after that of the original, which was perhaps trained with a remedy."""
        return ", ".join(filter(None, (str(self.reference.metadata.get("recipe", "")), str(recipe))))

    @property
    def network(self) -> "keras.Model | Path":
        """What is compressed: the original's network, or the folder of a SavedModel."""
        if isinstance(self.original, KerasModel):
            return self.original.network
        return path_of(self.reference)

    @cached_property
    def training(self) -> Training:
        """The rows that steps train on, weighted as those of the original were."""
        encode, part, check = self.original.encoder, self.dataset.train, self.dataset.validation
        return Training(
            encode.encode(part.features),
            part.target,
            self.original.task.kind,
            validation=(encode.encode(check.features), check.target),
            weight=weights_as_learnt(self.reference, part),
            epochs=self.epochs,
            batch_size=self.batch_size,
            learning_rate=self.learning_rate,
            seed=self.seed,
        )

    @cached_property
    def calibration(self) -> np.ndarray:
        """Encoded training rows, drawn by the seed."""
        part = self.dataset.train
        chosen = np.random.default_rng(self.seed).permutation(len(part))[: self.calibration_rows]
        return self.original.encoder.encode(part.take(chosen).features)

    def _judged(self, recipe: Recipe, made: "Made") -> Candidate:
        task, check = self.original.task, self.dataset.validation
        answers = self.original.predict(check.features), made.small.predict(check.features)
        return Candidate.of(
            str(recipe), [*made.measures, *compression(task, check.target, *answers, check.weight)]
        )


class Made(NamedTuple):
    """A small model, where it was logged, and what was measured of it."""

    reference: ModelReference
    small: TFLiteModel
    measures: tuple[Measure, ...]
