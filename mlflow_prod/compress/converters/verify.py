"""Does a converted file hold what was asked for?"""

from mlflow_prod.errors import ModelError
from mlflow_prod.tflite.contents import Contents, Kernel, contents

# TensorFlow leaves kernels of fewer weights as they are where activations stay floats.
SMALL = 1024


def verify(content: bytes, weights: str, activations: str = "float32", ends: str = "float32") -> Contents:
    """What the file holds; ModelError where that is not what was asked for, saying what it holds instead.

    Parameters
    ----------
    weights : type of the largest kernel and of each of at least 1,024 weights.
    activations : type in which every kernel computes; `float32` asks for nothing, since what is quantized
        while the file runs reads floats too.
    ends : `int8`: inputs and outputs are integers. `float32`: none of them is quantized.
    """
    held = contents(content)
    if held.custom:
        raise ModelError(
            f"the file needs custom operators that LiteRT does not have: {', '.join(held.custom)}; "
            "write these layers with standard operations"
        )
    if activations != "float32":
        other = [kernel.operator for kernel in held.kernels if kernel.computes != activations]
        if other:
            raise ModelError(
                f"{activations} was not reached: {', '.join(sorted(set(other)))} still compute in "
                f"{', '.join(sorted({one.computes for one in held.kernels if one.computes != activations}))}"
            )
    _verify_kernels(held, weights)
    _verify_ends(held, ends)
    return held


def _verify_kernels(held: Contents, weights: str) -> None:
    if not held.kernels:
        if weights != "float32":
            raise ModelError(
                f"the file holds no kernel that could be stored as {weights}: convert it as float32"
            )
        return
    largest = max(held.kernels, key=_weights)
    missed = [
        kernel
        for kernel in held.kernels
        if (kernel is largest or kernel.weights >= SMALL) and kernel.dtype != weights
    ]
    if not missed:
        return
    worst = max(missed, key=_weights)
    raise ModelError(
        f"a kernel of {worst.weights:,} weights ({worst.operator}) is stored as {worst.dtype} and not as "
        f"{weights}; {_why(worst, weights)}"
    )


def _weights(kernel: Kernel) -> int:
    return kernel.weights


def _why(kernel: Kernel, weights: str) -> str:
    if kernel.computes.startswith("int"):
        return "the network was trained for integers: int8 is its converter"
    if kernel.weights < SMALL:
        return (
            f"TensorFlow leaves kernels of less than {SMALL:,} weights as they are unless activations are "
            "int8: take int8, or weight_only"
        )
    return f"the converter does not store {kernel.operator} as {weights}: take dynamic_range, or float16"


def _verify_ends(held: Contents, ends: str) -> None:
    for what, tensors in (("input", held.inputs), ("output", held.outputs)):
        for tensor in tensors:
            wrong = tensor.dtype.startswith("float") if ends != "float32" else bool(tensor.scales)
            if wrong:
                raise ModelError(
                    f"the {what} {tensor.name} of the file is {tensor.dtype} where {ends} was asked for"
                )
