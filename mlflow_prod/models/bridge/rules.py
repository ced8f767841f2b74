"""The layers that cross, and where the two sides' settings differ."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

# Of a setting that has no effect on what the layer answers: it crosses whatever its value.
ANY: Final = object()


@dataclass(frozen=True)
class Rule:
    """How the settings of one type of layer differ between Keras 3 and tf_keras.

    Parameters
    ----------
    keras, tf_keras : settings that one side alone has, each with the only value that crosses: the one under
        which the layer does what that of the other side does; ANY where each does.
    renamed : Keras 3's name of a setting to that of tf_keras.
    unsaid : settings that tf_keras leaves out of the layer's config, and keeps as an attribute.
    inner : attributes that hold a layer, or a list of layers, by the setting that they are given as.
    copies_inner : whether it holds copies of the layers that it is given.
    """

    keras: Mapping[str, Any] = field(default_factory=dict)
    tf_keras: Mapping[str, Any] = field(default_factory=dict)
    renamed: Mapping[str, str] = field(default_factory=dict)
    unsaid: tuple[str, ...] = ()
    inner: Mapping[str, str] = field(default_factory=dict)
    copies_inner: bool = False


# Of every layer.
EVERY = Rule(
    keras={"quantization_config": None, "lora_rank": None, "lora_alpha": ANY},
    tf_keras={"batch_input_shape": ANY},
)

_SAME = (
    "Activation", "ActivityRegularization", "ELU", "PReLU", "ReLU", "Softmax",
    "Add", "Average", "Concatenate", "Dot", "Maximum", "Minimum", "Multiply", "Subtract",
    "AveragePooling1D", "AveragePooling2D", "AveragePooling3D",
    "MaxPooling1D", "MaxPooling2D", "MaxPooling3D",
    "GlobalAveragePooling1D", "GlobalAveragePooling2D", "GlobalAveragePooling3D",
    "GlobalMaxPooling1D", "GlobalMaxPooling2D", "GlobalMaxPooling3D",
    "Conv1D", "Conv2D", "Conv3D", "Dense", "EinsumDense",
    "Cropping1D", "Cropping2D", "Cropping3D", "ZeroPadding2D", "ZeroPadding3D",
    "UpSampling1D", "UpSampling2D", "UpSampling3D",
    "Dropout", "GaussianDropout", "GaussianNoise",
    "Flatten", "Identity", "Masking", "Permute", "RepeatVector", "Reshape",
    "GroupNormalization", "Normalization", "Rescaling", "UnitNormalization",
)  # fmt: skip

_ONE_GROUP = Rule(tf_keras={"groups": 1})
_SEPARABLE = Rule(
    tf_keras={"groups": 1, "kernel_initializer": ANY, "kernel_regularizer": ANY, "kernel_constraint": ANY}
)
_SPATIAL_DROPOUT = Rule(tf_keras={"noise_shape": ANY}, unsaid=("data_format",))
_ATTENTION = Rule(keras={"seed": ANY})
# A stateful layer answers by what it was asked before.
_CELL = Rule(keras={"seed": ANY}, tf_keras={"implementation": ANY})
_RECURRENT = Rule(
    keras={"seed": ANY, "stateful": False},
    tf_keras={"implementation": ANY, "time_major": False, "stateful": False},
)
# Random only in training; RandomContrast clips there, too, in tf_keras always to 0 and 255.
_RANDOM = Rule(keras={"data_format": "channels_last"}, tf_keras={"rng_type": ANY})

RULES: Mapping[str, Rule] = MappingProxyType(
    {
        **dict.fromkeys(_SAME, Rule()),
        "InputLayer": Rule(
            keras={"batch_shape": ANY, "sparse": False, "ragged": False, "optional": False},
            tf_keras={"sparse": False, "ragged": False, "optional": False},
        ),
        "LeakyReLU": Rule(renamed={"negative_slope": "alpha"}),
        "Conv1DTranspose": _ONE_GROUP,
        "Conv2DTranspose": _ONE_GROUP,
        "Conv3DTranspose": Rule(keras={"dilation_rate": (1, 1, 1)}, tf_keras={"groups": 1}),
        "DepthwiseConv1D": _ONE_GROUP,
        "DepthwiseConv2D": _ONE_GROUP,
        "SeparableConv1D": _SEPARABLE,
        "SeparableConv2D": _SEPARABLE,
        "BatchNormalization": Rule(
            keras={"renorm": False, "renorm_clipping": ANY, "renorm_momentum": ANY},
            tf_keras={"renorm": False, "renorm_clipping": ANY, "renorm_momentum": ANY},
            unsaid=("synchronized",),
        ),
        "LayerNormalization": Rule(keras={"rms_scaling": False}),
        "SpatialDropout1D": Rule(tf_keras={"noise_shape": ANY}),
        "SpatialDropout2D": _SPATIAL_DROPOUT,
        "SpatialDropout3D": _SPATIAL_DROPOUT,
        "AlphaDropout": Rule(unsaid=("noise_shape",)),
        "ZeroPadding1D": Rule(keras={"data_format": "channels_last"}),
        "Embedding": Rule(tf_keras={"input_length": ANY}),
        "SimpleRNN": _RECURRENT,
        "LSTM": _RECURRENT,
        "GRU": _RECURRENT,
        "RNN": Rule(keras=_RECURRENT.keras, tf_keras=_RECURRENT.tf_keras, inner={"cell": "cell"}),
        "ConvLSTM1D": _RECURRENT,
        "ConvLSTM2D": _RECURRENT,
        "ConvLSTM3D": _RECURRENT,
        "SimpleRNNCell": _CELL,
        "LSTMCell": _CELL,
        "GRUCell": _CELL,
        "StackedRNNCells": Rule(inner={"cells": "cells"}),
        "Bidirectional": Rule(
            inner={"layer": "forward_layer", "backward_layer": "backward_layer"}, copies_inner=True
        ),
        "TimeDistributed": Rule(inner={"layer": "layer"}),
        "Attention": _ATTENTION,
        "AdditiveAttention": _ATTENTION,
        "MultiHeadAttention": Rule(
            keras={"seed": ANY, "use_gate": False, "sliding_window": None},
            tf_keras={
                "query_shape": ANY,
                "key_shape": ANY,
                "value_shape": ANY,
                "softmax_robust_masking": False,
            },
        ),
        "CategoryEncoding": Rule(keras={"sparse": False}, tf_keras={"sparse": False}),
        "CenterCrop": Rule(keras={"data_format": "channels_last"}),
        "Resizing": Rule(
            keras={
                "data_format": "channels_last",
                "antialias": False,
                "pad_to_aspect_ratio": False,
                "fill_mode": ANY,
                "fill_value": ANY,
            }
        ),
        "RandomBrightness": _RANDOM,
        "RandomContrast": Rule(keras={**_RANDOM.keras, "value_range": ANY}, tf_keras=_RANDOM.tf_keras),
        "RandomFlip": _RANDOM,
        "RandomRotation": _RANDOM,
        "RandomTranslation": _RANDOM,
        "RandomZoom": _RANDOM,
    }
)
