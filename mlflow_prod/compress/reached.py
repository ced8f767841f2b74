"""What a TFLite file holds, read from the file itself."""

import math
from dataclasses import dataclass

# Operators that multiply by a stored kernel; the kernel is their second input.
KERNEL_OPERATORS = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "TRANSPOSE_CONV", "BATCH_MATMUL")


@dataclass(frozen=True)
class Reached:
    """Types of the kernels in a TFLite file.

    Parameters
    ----------
    kernels : type of each stored kernel, in the order of the operators: `float32`, `float16`, `int8`.
    largest : type of the kernel with the most weights; "" where the file has none.
    float_kernels : operators that compute in float32.
    """

    kernels: tuple[str, ...]
    largest: str
    float_kernels: tuple[str, ...]

    @property
    def all_integer(self) -> bool:
        """Whether every operator with a kernel computes in integers."""
        return bool(self.kernels) and not self.float_kernels


def reached(content: bytes) -> Reached:
    """The types of the kernels in a TFLite file that this process made; not for files from elsewhere."""
    from ai_edge_litert import schema_py_generated as schema

    def names_of(enum: type) -> dict[int, str]:
        return {code: name for name, code in vars(enum).items() if not name.startswith("_")}

    operators, types = names_of(schema.BuiltinOperator), names_of(schema.TensorType)
    model = schema.ModelT.InitFromPackedBuf(content, 0)
    graph = model.subgraphs[0]
    codes = [operators[max(code.builtinCode, code.deprecatedBuiltinCode)] for code in model.operatorCodes]
    # A float16 kernel is stored as such and widened by a DEQUANTIZE before its operator.
    stored = {op.outputs[0]: op.inputs[0] for op in graph.operators if codes[op.opcodeIndex] == "DEQUANTIZE"}
    kernels, sizes, in_float = [], [], []
    for op in graph.operators:
        name = codes[op.opcodeIndex]
        if name not in KERNEL_OPERATORS:
            continue
        data, kernel = (2, 1) if name == "TRANSPOSE_CONV" else (0, 1)
        index = stored.get(op.inputs[kernel], op.inputs[kernel])
        kernels.append(types[graph.tensors[index].type].lower())
        sizes.append(math.prod(map(int, graph.tensors[index].shape)))
        if types[graph.tensors[op.inputs[data]].type] == "FLOAT32":
            in_float.append(name)
    largest = kernels[sizes.index(max(sizes))] if kernels else ""
    return Reached(tuple(kernels), largest, tuple(in_float))
