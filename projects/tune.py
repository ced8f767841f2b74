"""Searches hyperparameters: `mlflow run . -e tune -P data=loans -P trials=10`."""

from contextlib import suppress
from typing import TYPE_CHECKING, Any, Literal

from mlflow_prod import encoder
from mlflow_prod.candidate import finish
from mlflow_prod.errors import InvalidParameter, ModelError, did_you_mean
from mlflow_prod.evaluate import evaluation
from mlflow_prod.evidence import LOWER_IS_BETTER, Measure
from mlflow_prod.models import KerasModel
from mlflow_prod.tracking import ModelReference, Run, open_run
from mlflow_prod.train import fit
from mlflow_prod.tune import Trial, best, default_space, search
from projects.entry_point import entry_point, launch
from projects.network import batch_for, scale_of
from projects.result import say_made
from projects.source import Source

if TYPE_CHECKING:
    import keras


@entry_point
def tune(
    run: Run,
    source: Source = Source(data="loans"),
    strategy: Literal["random"] = "random",
    objective: str = "",
    trials: int = 5,
    epochs: int = 4,
    batch_size: int = 0,
    patience: int = 2,
) -> ModelReference:
    """Search layers, width, dropout and learning rate for the best `objective` on the validation rows."""
    dataset = source.load()
    run.log_dataset(dataset)
    part, check, task = dataset.train, dataset.validation, dataset.task
    encode = encoder.fit(part, dataset.schema)
    inputs, held_out = encode.encode(part.features), encode.encode(check.features)
    objective = objective or ("r2" if task.kind == "regression" else "accuracy")

    def score(network: "keras.Model", _: dict[str, Any]) -> float:
        fit(
            network,
            inputs,
            part.target,
            validation=(held_out, check.target),
            weight=part.weight,
            epochs=epochs,
            batch_size=batch_for(dataset, batch_size),
            patience=patience,
            seed=source.seed,
            progress=False,
        )
        scores = KerasModel(network, encode, task).score(held_out)
        measures = evaluation(task, check.target, scores, check.groups.iloc[:, :0], check.weight)
        found = {measure.name: measure.value for measure in measures}
        if objective not in found:
            raise InvalidParameter(
                "objective", f"a measure of the task ({did_you_mean(objective, found)})", objective
            )
        return found[objective]

    mean, spread = scale_of(dataset)
    maximise = objective not in LOWER_IS_BETTER
    done = search(
        default_space(encode.shape, task, seed=source.seed, target_mean=mean, target_spread=spread),
        score,
        strategy=strategy,
        trials=trials,
        seed=source.seed,
        maximise=maximise,
        on_trial=lambda trial: log_trial(trial, objective),
    )
    winner = best(done, maximise)
    print(f"best of {len(done)} trials: {objective} {winner.score:.4g} with {winner.values}")
    run.log_parameters({f"best/{name}": value for name, value in winner.values.items()})
    model = KerasModel(winner.network, encode, task)
    made = finish(run, model, dataset, source=source.to_dict(), seed=source.seed)
    say_made(run, made)
    return made


def log_trial(trial: Trial, objective: str) -> None:
    """Logs a trial as a child run, FAILED where the trial was."""
    with suppress(ModelError), open_run(f"trial {trial.number}", trial.values) as child:
        child.log_measures([Measure("duration", trial.seconds, unit="s")])
        if trial.score is None:
            raise ModelError(trial.error)
        child.log_measures([Measure(f"validation/{objective}", trial.score)])


if __name__ == "__main__":
    launch(tune)
