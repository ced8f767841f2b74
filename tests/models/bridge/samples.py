"""A layer of each type that crosses, with the inputs it reads."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import layers


@dataclass(frozen=True)
class Sample:
    """A layer in a network of its own.

    Parameters
    ----------
    make : the layer, anew at each call.
    shapes : of one row of each input; the layer is called with a list of them where there are several.
    below : inputs are whole numbers in [0, below); 0: floats around 0.
    called : how the layer is called with its inputs; by default with the one, or with their list.
    """

    make: Callable[[], Any]
    shapes: tuple[tuple[int | None, ...], ...]
    below: int = 0
    called: Callable[..., Any] | None = None

    def network(self) -> keras.Model:
        inputs = [keras.Input(shape, dtype="int32" if self.below else None) for shape in self.shapes]
        layer = self.make()
        if self.called:
            outputs = self.called(layer, *inputs)
        else:
            outputs = layer(inputs if len(inputs) > 1 else inputs[0])
        return shaken(keras.Model(inputs, outputs))

    def rows(self, seed: int = 0, rows: int = 3) -> list[np.ndarray]:
        draw = np.random.default_rng(seed)
        shapes = [(rows, *(side or 4 for side in shape)) for shape in self.shapes]
        if self.below:
            return [draw.integers(0, self.below, shape, dtype=np.int32) for shape in shapes]
        return [draw.normal(0, 1, shape).astype(np.float32) for shape in shapes]


def shaken(network: keras.Model, seed: int = 0) -> keras.Model:
    """The network with every weight drawn anew, biases and moving statistics among them."""
    draw = np.random.default_rng(seed)
    for weight in network.weights:
        low = 0.5 if "variance" in weight.name else -0.5
        weight.assign(draw.uniform(low, low + 1, weight.shape))
    for layer in network.layers:
        if isinstance(layer, layers.Normalization):
            # It computes with copies of its weights.
            layer.finalize_state()
    return network


LINE, IMAGE, CUBE, ROW = ((8, 3),), ((8, 6, 3),), ((6, 5, 4, 2),), ((5,),)
BY_RANK = {1: LINE, 2: IMAGE, 3: CUBE}


def _by_rank() -> dict[str, Sample]:
    """Layers of which there is one for lines, one for images and one for cubes."""
    samples = {}
    for rank, shapes in BY_RANK.items():
        for name, settings in {
            "Conv{}D": ({"filters": 4, "kernel_size": 3, "padding": "same", "activation": "relu"}),
            "Conv{}DTranspose": {"filters": 4, "kernel_size": 3, "strides": 2, "padding": "same"},
            "MaxPooling{}D": {"pool_size": 2},
            "AveragePooling{}D": {"pool_size": 2, "strides": 1, "padding": "same"},
            "GlobalMaxPooling{}D": {},
            "GlobalAveragePooling{}D": {"keepdims": True},
            "Cropping{}D": {"cropping": 1},
            "ZeroPadding{}D": {"padding": 1},
            "UpSampling{}D": {"size": 2},
            "SpatialDropout{}D": {"rate": 0.3},
        }.items():
            kind = getattr(layers, name.format(rank))
            samples[kind.__name__] = Sample(lambda kind=kind, given=settings: kind(**given), shapes)
    for rank in (1, 2):
        for name, settings in {
            "DepthwiseConv{}D": {"kernel_size": 3, "depth_multiplier": 2},
            "SeparableConv{}D": {"filters": 4, "kernel_size": 3},
        }.items():
            kind = getattr(layers, name.format(rank))
            samples[kind.__name__] = Sample(lambda kind=kind, given=settings: kind(**given), BY_RANK[rank])
    return samples


SAMPLES: dict[str, Sample] = {
    **_by_rank(),
    **{
        kind.__name__: Sample(kind, (*ROW, *ROW))
        for kind in (
            layers.Add,
            layers.Average,
            layers.Maximum,
            layers.Minimum,
            layers.Multiply,
            layers.Subtract,
        )
    },
    "Concatenate": Sample(layers.Concatenate, ((5,), (3,))),
    "Dot": Sample(lambda: layers.Dot(axes=1, normalize=True), (*ROW, *ROW)),
    "Activation": Sample(lambda: layers.Activation("gelu"), ROW),
    "ActivityRegularization": Sample(lambda: layers.ActivityRegularization(l2=0.1), ROW),
    "ELU": Sample(lambda: layers.ELU(0.5), ROW),
    "LeakyReLU": Sample(lambda: layers.LeakyReLU(negative_slope=0.1), ROW),
    "PReLU": Sample(lambda: layers.PReLU(shared_axes=[1, 2]), IMAGE),
    "ReLU": Sample(lambda: layers.ReLU(max_value=1.0, negative_slope=0.1, threshold=0.2), ROW),
    "Softmax": Sample(lambda: layers.Softmax(axis=1), LINE),
    "Dense": Sample(lambda: layers.Dense(4, activation="tanh", kernel_regularizer="l2"), LINE),
    "EinsumDense": Sample(lambda: layers.EinsumDense("abc,cd->abd", (None, 4), bias_axes="d"), LINE),
    "Embedding": Sample(lambda: layers.Embedding(7, 3), ((4,),), below=7),
    "Dropout": Sample(lambda: layers.Dropout(0.3, noise_shape=(None, 1), seed=3), ROW),
    "AlphaDropout": Sample(lambda: layers.AlphaDropout(0.3), ROW),
    "GaussianDropout": Sample(lambda: layers.GaussianDropout(0.3), ROW),
    "GaussianNoise": Sample(lambda: layers.GaussianNoise(0.3), ROW),
    "Flatten": Sample(layers.Flatten, IMAGE),
    "Identity": Sample(layers.Identity, ROW),
    "Masking": Sample(lambda: layers.Masking(0.5), LINE),
    "Permute": Sample(lambda: layers.Permute((2, 1)), LINE),
    "RepeatVector": Sample(lambda: layers.RepeatVector(3), ROW),
    "Reshape": Sample(lambda: layers.Reshape((4, -1)), LINE),
    "BatchNormalization": Sample(lambda: layers.BatchNormalization(momentum=0.9), IMAGE),
    "LayerNormalization": Sample(lambda: layers.LayerNormalization(axis=[1, 2]), IMAGE),
    "GroupNormalization": Sample(lambda: layers.GroupNormalization(2), ((6, 6, 4),)),
    "UnitNormalization": Sample(layers.UnitNormalization, LINE),
    "Normalization": Sample(layers.Normalization, ROW),
    "Rescaling": Sample(lambda: layers.Rescaling(1 / 127.5, -1), IMAGE),
    "SimpleRNN": Sample(lambda: layers.SimpleRNN(4), LINE),
    "LSTM": Sample(lambda: layers.LSTM(4, return_sequences=True), LINE),
    "GRU": Sample(lambda: layers.GRU(4), LINE),
    "RNN": Sample(lambda: layers.RNN([layers.LSTMCell(4), layers.GRUCell(3), layers.SimpleRNNCell(2)]), LINE),
    "StackedRNNCells": Sample(
        lambda: layers.RNN(layers.StackedRNNCells([layers.GRUCell(4), layers.GRUCell(3)])), LINE
    ),
    "SimpleRNNCell": Sample(lambda: layers.RNN(layers.SimpleRNNCell(4)), LINE),
    "LSTMCell": Sample(lambda: layers.RNN(layers.LSTMCell(4)), LINE),
    "GRUCell": Sample(lambda: layers.RNN(layers.GRUCell(4)), LINE),
    "ConvLSTM1D": Sample(lambda: layers.ConvLSTM1D(2, 3), ((4, 6, 2),)),
    "ConvLSTM2D": Sample(lambda: layers.ConvLSTM2D(2, 3), ((4, 6, 6, 2),)),
    "ConvLSTM3D": Sample(lambda: layers.ConvLSTM3D(2, 3), ((3, 4, 5, 4, 2),)),
    "Bidirectional": Sample(lambda: layers.Bidirectional(layers.LSTM(4)), LINE),
    "TimeDistributed": Sample(lambda: layers.TimeDistributed(layers.Dense(4)), LINE),
    "Attention": Sample(lambda: layers.Attention(use_scale=True), (*LINE, *LINE)),
    "AdditiveAttention": Sample(layers.AdditiveAttention, (*LINE, *LINE)),
    "MultiHeadAttention": Sample(
        lambda: layers.MultiHeadAttention(2, 4),
        (*LINE, (6, 5)),
        called=lambda layer, query, value: layer(query, value),
    ),
    "CategoryEncoding": Sample(lambda: layers.CategoryEncoding(7, "multi_hot"), ((4,),), below=7),
    "CenterCrop": Sample(lambda: layers.CenterCrop(4, 3), IMAGE),
    "Resizing": Sample(lambda: layers.Resizing(5, 9), IMAGE),
    "RandomBrightness": Sample(lambda: layers.RandomBrightness(0.2), IMAGE),
    "RandomContrast": Sample(lambda: layers.RandomContrast(0.2), IMAGE),
    "RandomFlip": Sample(lambda: layers.RandomFlip("horizontal", seed=1), IMAGE),
    "RandomRotation": Sample(lambda: layers.RandomRotation(0.1), IMAGE),
    "RandomTranslation": Sample(lambda: layers.RandomTranslation(0.1, (-0.1, 0.2)), IMAGE),
    "RandomZoom": Sample(lambda: layers.RandomZoom(0.1), IMAGE),
}
