import numpy as np
import pytest

from mlflow_prod import encoder
from mlflow_prod.candidate import weights_as_learnt, with_group_thresholds
from mlflow_prod.data import load
from mlflow_prod.errors import InvalidParameter
from mlflow_prod.evaluate import fairness
from mlflow_prod.models import KerasModel, build
from mlflow_prod.tracking import ModelReference
from mlflow_prod.train import fit, reweighing

GAP = "gap/sex/true_positive_rate"


def trained(dataset):
    encode = encoder.fit(dataset.train, dataset.schema)
    network = build(encode.shape, dataset.task, units="16")
    fit(network, encode.encode(dataset.train.features), dataset.train.target, epochs=3, progress=False)
    return KerasModel(network, encode, dataset.task)


def gap_of(model, part):
    found = fairness(model.task, part.target, model.predict(part.features), part.groups)
    return next(measure for measure in found if measure.name == GAP)


def test_a_candidate_with_thresholds_has_a_smaller_gap_on_held_out_rows():
    dataset = load("loans?rows=30000&bias=1.6", validation_share=0.2)
    model = trained(dataset)
    mended, (chosen, curve) = with_group_thresholds(model, dataset.validation)
    before, after = gap_of(model, dataset.test), gap_of(mended, dataset.test)
    assert before.low > 0.05 > after.value
    assert chosen.column == "sex"
    below, above = dict(chosen.thresholds)["Female"], dict(chosen.thresholds)["Male"]
    assert below < above
    accuracy = [
        np.mean((one.predict(dataset.test.features) >= 0.5) == dataset.test.target) for one in (model, mended)
    ]
    assert accuracy[1] > accuracy[0] - 0.02
    assert curve[curve["chosen"]]["gap"].item() <= 0.01


def test_groups_that_the_model_does_not_read_cannot_have_thresholds():
    dataset = load("loans?rows=2000", protected_as_input=False)
    with pytest.raises(InvalidParameter, match="protected must be a category among the model's inputs"):
        with_group_thresholds(trained(dataset), dataset.validation)


@pytest.mark.parametrize(
    ("recipe", "repeated"),
    [("", False), ("thresholds, int8", False), ("reweighing", True), ("reweighing, int8", True)],
)
def test_what_learns_on_from_a_reweighed_model_learns_from_its_weights(recipe, repeated, tmp_path):
    part = load("loans?rows=500").train
    reference = ModelReference("models:/m-1", tmp_path, "", "", "", "", ("keras",), {"recipe": recipe})
    found = weights_as_learnt(reference, part)
    if repeated:
        np.testing.assert_array_equal(found, reweighing(part.target, part.groups, part.weight))
        assert found.std() > 0.01
    else:
        assert found is part.weight
