"""Trains on fewer dimensions: `mlflow run . -e reduce -P data=loans -P components=0.95`."""

from mlflow_prod import encoder
from mlflow_prod.candidate import finish
from mlflow_prod.encoder import TableEncoder
from mlflow_prod.errors import InvalidParameter
from mlflow_prod.evidence import Measure
from mlflow_prod.models import KerasModel
from mlflow_prod.reduce import pca
from mlflow_prod.tracking import ModelReference, Run
from mlflow_prod.train import fit
from projects.entry_point import entry_point, launch
from projects.network import batch_for, network_for
from projects.result import say_made
from projects.source import Source


@entry_point
def reduce(
    run: Run,
    source: Source = Source(data="loans"),
    components: float = 0.95,
    units: str = "128,128",
    epochs: int = 10,
    batch_size: int = 0,
    patience: int = 3,
) -> ModelReference:
    """Train on principal components of the encoded rows: so many, or so much of the variance."""
    dataset = source.load()
    run.log_dataset(dataset)
    part, check = dataset.train, dataset.validation
    encode = encoder.fit(part, dataset.schema)
    if not isinstance(encode, TableEncoder):
        raise InvalidParameter("data", "a table: images are not reduced", source.data)
    encoded = encode.encode(part.features)
    reduction = pca(encoded, components, seed=source.seed)
    found = [
        Measure("components", float(len(reduction.components))),
        Measure("explained_variance", reduction.share),
        Measure("reconstruction_error", reduction.reconstruction_error(encoded)),
    ]
    run.log_measures(found)
    print(f"pca: {', '.join(map(str, found))}")
    encode = encode.with_projection(reduction.mean, reduction.components)
    network = network_for(dataset, encode, units=units, seed=source.seed)
    history = fit(
        network,
        encode.encode(part.features),
        part.target,
        validation=(encode.encode(check.features), check.target),
        weight=part.weight,
        epochs=epochs,
        batch_size=batch_for(dataset, batch_size),
        patience=patience,
        seed=source.seed,
    )
    run.log_curves(history.curves)
    model = KerasModel(network, encode, dataset.task)
    made = finish(run, model, dataset, source=source.to_dict(), seed=source.seed)
    say_made(run, made)
    return made


if __name__ == "__main__":
    launch(reduce)
