"""The teachers of a student, and the data that all of them can be asked about."""

from mlflow_prod.candidate import Teacher, Teachers, is_ours, load, load_foreign
from mlflow_prod.data import Dataset
from mlflow_prod.errors import DataError, InvalidParameter
from mlflow_prod.tracking import resolve
from projects.source import Source


def teachers_of(model_uri: str, source: Source, *, trust: bool) -> tuple[Teachers, Source, Dataset]:
    """The models at URIs with commas between, the data parameters, and the data.

    Where a teacher of ours was trained on the same data it must have seen the same rows of them, else the
    student could learn from it what is in the test rows. Raises InvalidParameter, DataError, ModelError.
    """
    uris = [uri.strip() for uri in model_uri.split(",")]
    if len(set(uris)) < len(uris) or not all(uris):
        raise InvalidParameter("model_uri", "one model, or several with commas between, each once", model_uri)
    references = [resolve(uri) for uri in uris]
    ours = {reference.uri: load(reference) for reference in references if is_ours(reference)}
    mine = [reference for reference in references if reference.uri in ours]
    for place, reference in enumerate(mine):
        asked, source = source, source.or_that_of(reference)
        if place and source != asked:
            rule = f"of teachers that share their training rows, as {mine[0].uri} and {reference.uri} do not"
            raise InvalidParameter("model_uri", rule, model_uri)
    raw = len(mine) < len(references)
    dataset = source.load(raw=raw)
    for reference in mine:
        source.load_for(reference, ours[reference.uri].task, raw=raw)
    if dataset.schema is not None and not dataset.schema.inputs:
        raise DataError(f"{dataset.name} has no column that a student could learn from")
    members = [
        Teacher(
            reference,
            ours[reference.uri]
            if reference.uri in ours
            else load_foreign(reference, dataset.task, dataset.given, trust=trust),
        )
        for reference in references
    ]
    return Teachers(members), source, dataset
