"""How often a TFLite file is right."""

import numpy as np

from benchmarks.fashion.data import Rows

BATCH = 500


def hits(content: bytes, rows: Rows) -> np.ndarray:
    """Whether the file's class is the image's, bool (n,), by LiteRT itself; n in whole batches of 500.

    A file that reads integers gets the images as it scales them.
    """
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_content=content, num_threads=2)
    reads, writes = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    interpreter.resize_tensor_input(reads["index"], [BATCH, 28, 28, 1])
    interpreter.allocate_tensors()
    images = rows.images
    if reads["dtype"] != np.float32:
        scale, zero = reads["quantization"]
        limits = np.iinfo(reads["dtype"])
        images = np.clip(np.rint(images / scale) + zero, limits.min, limits.max).astype(reads["dtype"])
    classes = []
    for start in range(0, len(rows), BATCH):
        interpreter.set_tensor(reads["index"], images[start : start + BATCH])
        interpreter.invoke()
        classes.append(interpreter.get_tensor(writes["index"]).argmax(axis=1))
    return np.concatenate(classes) == rows.classes
