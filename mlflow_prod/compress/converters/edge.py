"""Quantization of stored weights with ai-edge-quantizer."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from mlflow_prod.compress.converters.calibration import Calibration
from mlflow_prod.compress.converters.converter import Network
from mlflow_prod.compress.converters.post_training import PostTraining
from mlflow_prod.compress.converters.verify import verify
from mlflow_prod.errors import InvalidParameter, ModelError

BITS = {"int8": 8, "int4": 4}


@dataclass(frozen=True)
class StoredWeights:
    """A network to TFLite, all of its kernels stored as `weights`, small ones too; the rest stays float32.

    Each channel has a scale of its own, its largest weight. Needs no calibration. Not for embeddings, whose
    tables are left as they are, nor for networks trained with quantization. int4 costs accuracy: measure.

    Parameters
    ----------
    weights : `int8` or `int4`.
    integer_compute : quantize what a kernel reads to int8 while the file runs, and multiply integers. False:
        widen the kernels before use and multiply floats, which is as exact as the stored weights are.
        On a small CNN with kernels of int4 the answers were as good either way, integers 4 times as fast.

    Source: Krishnamoorthi, "Quantizing deep convolutional networks for efficient inference: A whitepaper",
    arXiv:1806.08342 (weights alone, per channel).
    """

    weights: str
    integer_compute: bool = True

    def __post_init__(self) -> None:
        if self.weights not in BITS:
            raise InvalidParameter("weights", f"one of {', '.join(BITS)}", self.weights)

    def convert(self, network: Network, calibration: Calibration | None = None) -> bytes:
        """The file's bytes; see `Converter`. `calibration` is not read."""
        content = self._quantized(PostTraining("float32").convert(network))
        verify(content, self.weights)
        return content

    def _quantized(self, content: bytes) -> bytes:
        from ai_edge_quantizer.qtyping import TFLOperationName
        from ai_edge_quantizer.quantizer import Quantizer

        with _silent():
            quantizer = Quantizer(content)
            add = quantizer.add_dynamic_config if self.integer_compute else quantizer.add_weight_only_config
            add(".*", TFLOperationName.ALL_SUPPORTED, BITS[self.weights])
            try:
                made = quantizer.quantize(enable_progress_bar=False, enable_progress_report=False)
            except Exception as problem:
                # The quantizer raises plain exceptions of many types; all mean the same to the caller.
                raise ModelError(f"the weights cannot be stored as {self.weights}: {problem}") from problem
        return bytes(made.quantized_model)


@contextmanager
def _silent() -> Iterator[None]:
    """Holds back what the quantizer tells about every file."""
    logger = logging.getLogger("absl")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)
