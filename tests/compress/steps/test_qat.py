import dataclasses

import numpy as np
import pytest

from mlflow_prod.compress import QAT, Cluster, Prune, Step
from mlflow_prod.errors import InvalidParameter, ModelError
from mlflow_prod.models.bridge import tf_keras
from tests.compress.steps.share import values


def wrapped(network):
    """Layers whose kernel is rounded in training."""
    ranges = [weight.name.split("/")[0] for weight in network.weights if "kernel_min" in weight.name]
    return sorted(name.removeprefix("quant_") for name in ranges)


def test_zeros_and_clusters_are_kept_down_to_the_file(quantized, quantized_file):
    assert wrapped(quantized) == ["dense_1", "score"]
    (sparsity,) = Prune(0.75).verify(quantized_file)
    (clusters,) = Cluster(8).verify(quantized_file)
    (integers,) = QAT().verify(quantized_file)
    assert 0.75 <= sparsity.value < 0.85
    assert clusters.value <= 8
    assert (integers.name, integers.value, integers.n) == ("int8_kernels", 1, 2)


def test_without_the_steps_before_it_they_are_lost(clustered, rows, training, int8_file):
    found = int8_file(QAT().apply(clustered, dataclasses.replace(training, learning_rate=0.01)), rows)
    with pytest.raises(ModelError, match=r"sparsity of 0.75 was not reached"):
        Prune(0.75).verify(found)
    with pytest.raises(ModelError, match="8 clusters were not kept"):
        Cluster(8).verify(found)


def test_zeros_alone_are_kept(pruned, rows, training, int8_file):
    found = int8_file(QAT().apply(pruned, training, (Prune(0.75),)), rows)
    (sparsity,) = Prune(0.75).verify(found)
    assert 0.75 <= sparsity.value < 0.85


def test_the_network_it_came_from_stays_as_it_was(clustered, quantized):
    assert wrapped(clustered) == []
    assert max(values(clustered)) <= 8


def test_images_keep_zeros_and_clusters_in_every_convolution(images, int8_file):
    network, training = images
    steps = (Prune(0.5), Cluster(6), QAT())
    for place, step in enumerate(steps):
        network = step.apply(network, training, steps[:place])
    assert wrapped(network) == ["before_relu", "depthwise", "folded", "score"]
    found = int8_file(network, training.inputs)
    assert [measure.name for step in steps for measure in step.verify(found)] == [
        "sparsity",
        "clusters",
        "int8_kernels",
    ]


def test_only_the_layers_that_are_named_and_what_the_converter_folds_into_them(images, int8_file):
    network, training = images
    some = QAT(("folded", "score"))
    found = some.apply(network, dataclasses.replace(training, epochs=1))
    assert wrapped(found) == ["folded", "score"]
    assert "quant_normal" in [layer.name for layer in found.layers]
    assert "depthwise" in [layer.name for layer in found.layers]
    assert some.verify(int8_file(found, training.inputs))[0].n == 4


@pytest.mark.parametrize(
    ("layers", "told"),
    [
        (("dense_2",), "layers of mlp .did you mean 'dense_1'."),
        (("dense_1", "Score"), "did you mean 'score'"),
    ],
)
def test_a_layer_that_is_not_there_is_refused(layers, told, network, training):
    with pytest.raises(InvalidParameter, match=told):
        QAT(layers).apply(network, training)


def test_what_cannot_be_quantized_is_refused(training):
    keras = tf_keras()
    inner = keras.Sequential([keras.layers.Input((20,)), keras.layers.Dense(4)], name="inner")
    nested = keras.Sequential(
        [keras.layers.Input((20,)), inner, keras.layers.Dense(1, "sigmoid")], name="outer"
    )
    with pytest.raises(ModelError, match="outer has a model within"):
        QAT().apply(nested, training)
    odd = keras.Sequential([keras.layers.Input((20,)), keras.layers.ELU(name="odd")], name="all")
    with pytest.raises(InvalidParameter, match="layers that tfmot can quantize, which no ELU is, got 'odd'"):
        QAT(("odd",)).apply(odd, training)
    with pytest.raises(ModelError, match="all has no layer that tfmot can quantize"):
        QAT().apply(odd, training)


def test_a_file_that_computes_in_floats_is_refused(quantized_file):
    first, *rest = quantized_file.kernels
    floats = dataclasses.replace(
        quantized_file, kernels=(dataclasses.replace(first, computes="float32"), *rest)
    )
    with pytest.raises(ModelError, match="holds FULLY_CONNECTED int8 computing in float32"):
        QAT().verify(floats)
    with pytest.raises(ModelError, match="holds no kernel"):
        QAT().verify(dataclasses.replace(quantized_file, kernels=()))


def test_it_is_a_step():
    assert isinstance(QAT(), Step)
    assert QAT(["a"]) == QAT(("a",))
    assert np.unique([hash(QAT(("a",))), hash(QAT(["a"]))]).size == 1
