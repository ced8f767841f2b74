"""Small TFLite files of every sort, made by TensorFlow's converter."""

import tempfile
import warnings

import numpy as np
import tensorflow as tf

from mlflow_prod.compress.quiet import quiet


def converted(module, signatures, **settings):
    """A file of a `tf.Module`, each of its functions under `signatures` a signature of its own."""
    with tempfile.TemporaryDirectory() as folder, quiet():
        tf.saved_model.save(module, folder, signatures=signatures)
        return _convert(folder, list(signatures), settings)


def of_network(network, **settings):
    """A file of a Keras network."""
    with tempfile.TemporaryDirectory() as folder, quiet():
        network.export(folder, verbose=False)
        return _convert(folder, None, settings)


def in_integers(network, rows, dtype):
    """A file that computes in int8, with input and output of `dtype`."""
    return of_network(
        network,
        optimizations=[tf.lite.Optimize.DEFAULT],
        representative_dataset=lambda: ([row[None]] for row in rows),
        inference_input_type=dtype,
        inference_output_type=dtype,
    )


def _convert(folder, keys, settings):
    converter = tf.lite.TFLiteConverter.from_saved_model(folder, signature_keys=keys)
    for name, value in settings.items():
        setattr(converter, name, value)
    with warnings.catch_warnings():
        # TensorFlow says so of every model that it calibrates itself.
        warnings.filterwarnings("ignore", "Statistics for quantized inputs were expected")
        return converter.convert()


def without_names(content):
    """A file as tools leave it that strip: no signatures, no metadata, tensors without names."""
    from ai_edge_litert import schema_py_generated as schema

    model = schema.ModelT.InitFromPackedBuf(content, 0)
    model.signatureDefs = model.metadata = model.metadataBuffer = None
    for graph in model.subgraphs:
        for tensor in graph.tensors:
            tensor.name = b""
    return packed(model)


def packed(model):
    """The bytes of a file that was taken apart."""
    import flatbuffers

    builder = flatbuffers.Builder(1 << 12)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def function(*shapes, dtype=tf.float32):
    """Makes a method a signature whose inputs have these shapes, named `x`, `y`, ..."""
    specs = [tf.TensorSpec(shape, dtype, name=name) for shape, name in zip(shapes, "xyz", strict=False)]
    return tf.function(input_signature=specs)


class Arithmetic(tf.Module):
    @function([None, 3], [None, 3])
    def combine(self, x, y):
        return {"sum": x + 2 * y, "product": x * y}

    @function([None, 2])
    def double(self, x):
        return {"twice": 2 * x}


class FourRows(tf.Module):
    """Fixed to four rows; with `mixed`, each answer depends on all of them."""

    def __init__(self, mixed=False, free=False):
        super().__init__()
        self.kernel = tf.constant(np.random.default_rng(0).normal(size=(6, 4)).astype(np.float32))
        self.mixed = mixed

    @function([4, 6])
    def fixed(self, x):
        return {"answer": self.of(x)}

    @function([None, 6])
    def free(self, x):
        return {"answer": self.of(x)}

    def of(self, x):
        answer = tf.matmul(x, self.kernel)
        return answer - tf.reduce_mean(answer, axis=0) if self.mixed else answer


class Reshaped(tf.Module):
    """Cannot be resized: four rows are laid out as two."""

    @function([4, 6])
    def fixed(self, x):
        return {"answer": tf.reshape(tf.cumsum(tf.reshape(x, [2, 2, 6]), axis=2), [4, 6])}


class Texts(tf.Module):
    @function([None], dtype=tf.string)
    def same(self, x):
        return {"texts": tf.reshape(x, [-1, 1])}


class Places(tf.Module):
    @function([None, 2], dtype=tf.int32)
    def look_up(self, x):
        return {"found": tf.gather(tf.range(5.0) * 10, x)}


class Custom(tf.Module):
    @function([None, 6])
    def inverse(self, x):
        return {"answer": tf.math.erfinv(x)}
