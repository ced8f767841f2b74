"""Trains a network on raw rows: `mlflow run . -e train -P data=loans`."""

from typing import Literal

from mlflow_prod import encoder, report
from mlflow_prod.candidate import finish, with_group_thresholds
from mlflow_prod.models import KerasModel
from mlflow_prod.tracking import ModelReference, Run
from mlflow_prod.train import fit, reweighing
from projects.entry_point import entry_point, launch
from projects.network import batch_for, network_for
from projects.result import say_made
from projects.source import Source


@entry_point
def train(
    run: Run,
    source: Source = Source(data="loans"),
    units: str = "128,128",
    dropout: float = 0.0,
    learning_rate: float = 0.001,
    epochs: int = 10,
    batch_size: int = 0,
    patience: int = 3,
    remedy: Literal["none", "reweighing", "thresholds"] = "none",
) -> ModelReference:
    """Train a Keras network; remedies even out the labels, or the answers, of the protected groups."""
    if remedy != "none":
        run.rename(f"train, {remedy}")
    dataset = source.load()
    run.log_dataset(dataset)
    encode = encoder.fit(dataset.train, dataset.schema)
    network = network_for(
        dataset, encode, units=units, dropout=dropout, learning_rate=learning_rate, seed=source.seed
    )
    part, check = dataset.train, dataset.validation
    history = fit(
        network,
        encode.encode(part.features),
        part.target,
        validation=(encode.encode(check.features), check.target),
        weight=reweighing(part.target, part.groups, part.weight) if remedy == "reweighing" else part.weight,
        epochs=epochs,
        batch_size=batch_for(dataset, batch_size),
        patience=patience,
        seed=source.seed,
    )
    run.log_curves(history.curves)
    model = KerasModel(network, encode, dataset.task)
    if remedy == "thresholds":
        model, trade_off = with_group_thresholds(model, check)
        run.log_table(trade_off.curve, "trade_off")
        run.log_figure(report.trade_off(trade_off.curve), "trade_off")
    recipe = "" if remedy == "none" else remedy
    made = finish(run, model, dataset, source=source.to_dict(), recipe=recipe, seed=source.seed)
    say_made(run, made)
    return made


if __name__ == "__main__":
    launch(train)
