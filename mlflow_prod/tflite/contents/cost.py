"""What one row costs a TFLite file: multiply-adds, bytes moved, memory for activations."""

from mlflow_prod.tflite.contents.graph import Graph, Operator

ALIGNED = 64


def multiply_adds(graph: Graph) -> int:
    """Multiplications of an activation by a weight for one row, zeros included.

    What else a graph does is little beside them and not counted. Operators within loops count once.
    """
    return sum(_multiply_adds(graph, operator) for operator in graph.operators)


def moved(graph: Graph) -> int:
    """Bytes that the operators read and write for one row, weights included, as if nothing stayed in a cache.

    With `multiply_adds` a proxy of energy: reading a weight from memory takes some hundred times what
    multiplying by it does (M. Horowitz, "Computing's energy problem", ISSCC 2014).
    """
    return sum(
        graph.tensors[number].size
        for operator in graph.operators
        for number in (*operator.inputs, *operator.outputs)
        if number >= 0
    )


def arena(graph: Graph) -> int:
    """Bytes for the activations of one row, where memory is used again once nothing reads it any more.

    Placed as TensorFlow Lite places them: larger ones first, each at the lowest offset that is free while it
    lives; inputs and outputs live all the time (Pisarchyk and Lee, "Efficient Memory Management for Deep
    Neural Net Inference", arXiv:2001.03288, greedy by size). Without what kernels take for themselves.
    """
    last = len(graph.operators)
    lives: dict[int, tuple[int, int]] = {}
    for step, operator in enumerate(graph.operators):
        for number in (*operator.inputs, *operator.outputs):
            if number >= 0 and number not in graph.stored:
                lives[number] = (lives.get(number, (step, step))[0], step)
    lives |= {number: (0, last) for number in (*graph.inputs, *graph.outputs) if number not in graph.stored}

    def whole_then_large(number: int) -> tuple[bool, int, int]:
        return lives[number] != (0, last), -graph.tensors[number].size, number

    placed: list[tuple[int, int, tuple[int, int]]] = []
    for number in sorted(lives, key=whole_then_large):
        size = -(-graph.tensors[number].size // ALIGNED) * ALIGNED
        first, until = lives[number]
        offset = 0
        for begin, end, (born, dead) in sorted(placed):
            if born <= until and first <= dead:
                if offset + size <= begin:
                    break
                offset = max(offset, end)
        placed.append((offset, offset + size, (first, until)))
    return max((end for _, end, _ in placed), default=0)


def _multiply_adds(graph: Graph, operator: Operator) -> int:
    def elements(number: int) -> int:
        return graph.tensors[number].elements

    def shape(place: int) -> tuple[int, ...]:
        return graph.tensors[graph.source(operator.inputs[place])].shape

    match operator.name:
        case "CONV_2D" | "CONV_3D":
            kernel = shape(1)
            outputs = kernel[0] if operator.name == "CONV_2D" else kernel[-1]
            return elements(operator.outputs[0]) * (elements(operator.inputs[1]) // outputs)
        case "DEPTHWISE_CONV_2D":
            return elements(operator.outputs[0]) * (elements(operator.inputs[1]) // shape(1)[-1])
        case "FULLY_CONNECTED":
            return elements(operator.outputs[0]) * shape(1)[-1]
        case "TRANSPOSE_CONV":
            return elements(operator.inputs[2]) * (elements(operator.inputs[1]) // shape(1)[-1])
        case "BATCH_MATMUL":
            return elements(operator.outputs[0]) * shape(0)[-1]
        case "UNIDIRECTIONAL_SEQUENCE_LSTM":
            steps = shape(0)[1] if len(shape(0)) > 2 else 1
            kernels = [operator.inputs[place] for place in range(1, 9) if operator.inputs[place] >= 0]
            return max(1, steps) * sum(elements(number) for number in kernels)
    return 0
