import dataclasses
import os

import numpy as np
import pytest

from mlflow_prod.compress import Prune, Step
from mlflow_prod.errors import InvalidParameter, ModelError
from mlflow_prod.models.bridge import tf_keras, tfmot
from tests.compress.steps.share import kernels, zeros


def test_three_of_four_weights_of_every_kernel_are_zero_and_the_network_is_otherwise_itself(
    network, pruned, rows, target
):
    assert zeros(pruned) == {"dense_1": 0.75, "score": 0.75}
    assert [layer.name for layer in pruned.layers] == [layer.name for layer in network.layers]
    assert not any("prune" in weight.name for weight in pruned.weights)
    right = (pruned(rows, training=False).numpy()[:, 0] >= 0.5) == target
    assert right.mean() > 0.8


def test_the_network_it_came_from_stays_as_it_was(network, pruned):
    assert max(zeros(network).values()) == 0
    assert not set(map(id, network.weights)) & set(map(id, pruned.weights))
    assert "TF_USE_LEGACY_KERAS" not in os.environ


def test_the_same_as_the_toolkit_by_hand(network, training):
    """One epoch of 10 steps, sparsity growing to step 5, written down with tfmot's own calls."""
    once = dataclasses.replace(training, epochs=1, validation=None)
    plain = without_dropout(network)
    found = Prune(0.5).apply(plain, once)

    keep = tfmot().sparsity.keras
    by_hand = keep.prune_low_magnitude(
        without_dropout(network), keep.PolynomialDecay(0.0, 0.5, 0, 5, frequency=1)
    )
    by_hand.compile(tf_keras().optimizers.Adam(once.learning_rate), "binary_crossentropy")
    order = np.random.default_rng(once.seed).permutation(len(once.inputs))
    by_hand.fit(
        once.inputs[order],
        once.target[order, None],
        batch_size=50,
        shuffle=False,
        verbose=0,
        callbacks=[keep.UpdatePruningStep()],
    )
    for ours, theirs in zip(kernels(found), kernels(keep.strip_pruning(by_hand)), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-6)


def without_dropout(network):
    layers = tf_keras().layers
    inputs = layers.Input((20,))
    tensor = inputs
    for layer in network.layers:
        if isinstance(layer, layers.Dense):
            tensor = type(layer).from_config(layer.get_config())(tensor)
    plain = tf_keras().Model(inputs, tensor)
    plain.set_weights(network.get_weights())
    return plain


@pytest.mark.parametrize("schedule", ["polynomial", "constant"])
@pytest.mark.parametrize(
    ("count", "epochs"), [(1, 1), (50, 1), (51, 1), (150, 1), (500, 3), (9_999, 2), (60_000, 3)]
)
def test_a_schedule_ends_at_its_sparsity_within_the_steps_there_are(schedule, count, epochs, training):
    some = dataclasses.replace(training, inputs=np.zeros((count, 1)), target=np.zeros(count), epochs=epochs)
    plan, last = Prune(0.8, schedule).plan(some)
    steps = -(-count // 50) * epochs
    assert 1 <= last <= max(1, steps // 2)
    reached = {step: (bool(due), float(share)) for step in {1, last, last + 1} for due, share in [plan(step)]}
    assert reached[last] == (True, pytest.approx(0.8))
    assert not reached[last + 1][0]
    masks = sum(bool(plan(step)[0]) for step in range(1, min(last, 300) + 1))
    assert 1 <= masks <= 199


def test_one_step_of_training_is_enough_to_prune(network, training):
    once = dataclasses.replace(training, epochs=1, batch_size=10**9)
    assert zeros(Prune(0.9, "constant").apply(network, once)) == {
        "dense_1": 0.9,
        "score": pytest.approx(0.9, abs=0.5 / 64),
    }


def test_the_same_seed_gives_the_same_network_and_another_seed_another(network, training, pruned):
    again = Prune(0.75).apply(network, training)
    assert all(map(np.array_equal, kernels(again), kernels(pruned)))
    other = Prune(0.75).apply(network, dataclasses.replace(training, seed=1))
    assert not all(map(np.array_equal, kernels(other), kernels(pruned)))


def test_what_the_file_holds_is_told_and_a_dense_file_refused(network, pruned, rows, int8_file):
    (measure,) = Prune(0.75).verify(int8_file(pruned, rows))
    assert (measure.name, measure.n) == ("sparsity", 20 * 64 + 64)
    assert 0.75 <= measure.value < 0.85
    with pytest.raises(ModelError, match=r"0.75 was not reached: the file has .* among 1,344 weights"):
        Prune(0.75).verify(int8_file(network, rows))


def test_a_layer_that_cannot_be_pruned_is_named(training):
    keras = tf_keras()
    odd = keras.layers.TimeDistributed(keras.layers.Dense(2), name="odd")
    network = keras.Sequential(
        [keras.layers.Input((20, 1)), odd, keras.layers.Flatten(), keras.layers.Dense(1)]
    )
    with pytest.raises(ModelError, match="prune: layer odd is a TimeDistributed"):
        Prune().apply(network, training)
    bare = keras.Sequential([keras.layers.Input((20,)), keras.layers.ReLU()], name="bare")
    with pytest.raises(ModelError, match="no trainable layer of bare has a kernel"):
        Prune().apply(bare, training)


@pytest.mark.parametrize("sparsity", [0, 1, 1.0, -0.1, float("nan")])
def test_a_sparsity_that_is_none_is_refused(sparsity):
    with pytest.raises(InvalidParameter, match="sparsity must be between 0 and 1"):
        Prune(sparsity)


def test_it_is_a_step():
    assert isinstance(Prune(), Step)
    with pytest.raises(InvalidParameter, match="schedule must be one of"):
        Prune(0.5, "linear")
