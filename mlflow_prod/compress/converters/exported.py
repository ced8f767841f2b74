"""Networks as SavedModel folders, which is what TensorFlow's converter reads."""

import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from mlflow_prod.compress.converters.signatures import DEFAULT, Signatures, signatures_of
from mlflow_prod.errors import ModelError, shown

if TYPE_CHECKING:
    from mlflow_prod.compress.converters.converter import Network


@contextmanager
def exported(network: "Network") -> Iterator[tuple[Path, Signatures]]:
    """The folder of a SavedModel of the network, and the inputs of its signatures; gone or as it was after.

    ModelError where the network is no built model, or where an input is of another size from row to row.
    """
    if isinstance(network, Path):
        yield network, signatures_of(network)
        return
    inputs, outputs = _ends(network)
    with TemporaryDirectory() as name:
        _write(network, inputs, outputs, Path(name))
        yield Path(name), signatures_of(Path(name))


def clean(name: str) -> str:
    """A name as signatures have it: letters, digits and underscores."""
    return re.sub(r"\W", "_", name)


def _ends(network: Any) -> tuple[list[Any], list[Any]]:
    import keras

    # Nobody has a model of tf_keras who has not imported it.
    legacy = sys.modules.get("tf_keras")
    if not isinstance(network, (keras.Model, legacy.Model) if legacy else keras.Model):
        raise ModelError(
            "only a Keras 3 model, a tf_keras model or a Path, the folder of a SavedModel, converts, got "
            f"{shown(network)}"
        )
    try:
        inputs, outputs = network.inputs, network.outputs
    except (AttributeError, ValueError):
        inputs = outputs = None
    if not inputs or not outputs:
        raise ModelError(
            f"the inputs of {network.name} are not known: give the model an Input layer, or save it with "
            "model.export(folder) and convert the folder"
        )
    return inputs, outputs


def _write(network: Any, inputs: list[Any], outputs: list[Any], folder: Path) -> None:
    import tensorflow as tf

    names = ["input"] if len(inputs) == 1 else [clean(each.name.split(":")[0]) for each in inputs]
    specs = [
        tf.TensorSpec((None, *each.shape[1:]), _declared(tf, each), name=name)
        for each, name in zip(inputs, names, strict=True)
    ]
    arranged, flattened, variables = _parts(network)
    out_names = _output_names(network, outputs)

    def serve(*tensors: Any) -> dict[str, Any]:
        given = flattened(network(arranged(list(tensors)), training=False))
        return dict(zip(out_names, given, strict=True))

    # Only variables are tracked: tracking the network would trace every layer apart, and is thrice as slow.
    module = tf.Module()
    module.kept = variables
    module.serve = tf.function(serve, input_signature=specs, autograph=False)
    tf.saved_model.save(module, str(folder), signatures={DEFAULT: module.serve})


def _declared(tf: Any, tensor: Any) -> Any:
    # What a policy of mixed precision computes in is not what rows come in.
    dtype = tf.as_dtype(tensor.dtype)
    return tf.float32 if dtype.is_floating else dtype


def _parts(network: Any) -> tuple[Callable[[list[Any]], Any], Callable[[Any], list[Any]], list[Any]]:
    """How the network takes inputs from a list and gives outputs as one, and its variables of TensorFlow."""
    import keras
    import tensorflow as tf

    if isinstance(network, keras.Model):
        tree, variables = keras.tree, [variable.value for variable in network.variables]
    else:
        tree, variables = tf.nest, list(network.variables)
    if isinstance(network, keras.Sequential):
        # Has one input, and does not know how it is arranged.
        return lambda flat: flat[0], tree.flatten, variables
    return lambda flat: tree.pack_sequence_as(network.input, flat), tree.flatten, variables


def _output_names(network: Any, outputs: list[Any]) -> list[str]:
    arranged = getattr(network, "output", None)
    if isinstance(arranged, Mapping):
        names = [clean(name) for name in sorted(arranged)]
    elif len(outputs) == 1:
        names = []
    else:
        names = [clean(name) for name in network.output_names]
    return names if len(set(names)) == len(outputs) else [f"output_{at}" for at in range(len(outputs))]
