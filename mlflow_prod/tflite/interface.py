"""What goes into a TFLite file and comes out of it, as LiteRT sees it."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from mlflow_prod.errors import ModelError
from mlflow_prod.tflite.contents import Tensor

# The key of a file without signatures: that of the main graph.
MAIN = ""
USUAL = "serving_default"


@dataclass(frozen=True)
class Interface:
    """One way to call a file.

    Parameters
    ----------
    key : of the signature; `MAIN` where the file has none.
    inputs, outputs : under the signature's names; shapes have -1 where any size will do.
    numbers : of the tensors in the main graph, inputs and outputs; None where the signature runs another one.
    """

    key: str
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    numbers: tuple[tuple[int, ...], tuple[int, ...]] | None


def interfaces(interpreter: Any) -> dict[str, Interface]:
    """Each way to call what an interpreter has loaded, the usual one first. Raises ModelError."""
    main = interpreter.get_input_details(), interpreter.get_output_details()
    named: dict[str, tuple[list[str], list[str]]] = {
        key: (names["inputs"], names["outputs"]) for key, names in interpreter.get_signature_list().items()
    }
    if not named:
        ends = [_named(_names(details, kind), details) for details, kind in zip(main, KINDS, strict=True)]
        return {MAIN: Interface(MAIN, ends[0], ends[1], _numbers(*main))}
    found = {}
    for key in sorted(named, key=lambda key: (key != USUAL, list(named).index(key))):
        runner = interpreter.get_signature_runner(key)
        inputs, outputs = runner.get_input_details(), runner.get_output_details()
        # LiteRT has no public word for the graph of a signature; of one graph there is no doubt.
        numbers = _numbers(inputs.values(), outputs.values()) if interpreter.num_subgraphs() == 1 else None
        found[key] = Interface(
            key, _named(list(inputs), inputs.values()), _named(list(outputs), outputs.values()), numbers
        )
        if not found[key].outputs:
            raise ModelError(f"the signature {key!r} of the TFLite file has no output")
    return found


KINDS = ("input", "output")


def _names(details: list[dict[str, Any]], kind: str) -> list[str]:
    names = [str(detail["name"]) for detail in details]
    # Tools that strip a file leave tensors without names, or several with one.
    return (
        names if all(names) and len(set(names)) == len(names) else [f"{kind}_{n}" for n in range(len(names))]
    )


def _named(names: list[str], details: Any) -> tuple[Tensor, ...]:
    return tuple(replace(_tensor(detail), name=name) for name, detail in zip(names, details, strict=True))


def _numbers(inputs: Any, outputs: Any) -> tuple[tuple[int, ...], tuple[int, ...]]:
    return tuple(one["index"] for one in inputs), tuple(one["index"] for one in outputs)


def _tensor(detail: dict[str, Any]) -> Tensor:
    parameters = detail["quantization_parameters"]
    dtype = np.dtype(detail["dtype"])
    scales = tuple(float(scale) for scale in parameters["scales"])
    if len(scales) > 1:
        raise ModelError(
            f"{detail['name']} of the TFLite file has {len(scales)} scales: an input or output can have one"
        )
    if scales and not (np.isfinite(scales[0]) and scales[0] > 0):
        raise ModelError(f"{detail['name']} of the TFLite file has the scale {scales[0]}, which is not > 0")
    return Tensor(
        detail["name"],
        tuple(int(size) for size in detail["shape_signature"]),
        "string" if dtype.kind == "S" else dtype.name,
        scales,
        tuple(int(zero) for zero in parameters["zero_points"]),
    )
