"""How the bridge says no."""

from typing import Any

from mlflow_prod.errors import ModelError, shown

INSTEAD = "replace it by one of Keras's own layers, or use a converter without training steps"


def refused(layer: Any, problem: str, instead: str = INSTEAD) -> ModelError:
    """The error about a layer, or a network, that does not cross: its name, its type, why, and what to do."""
    kind = type(layer).__name__
    return ModelError(f"layer {shown(layer.name)} ({kind}) does not cross: {problem}; {instead}")
