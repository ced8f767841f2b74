"""TensorFlow's converter without its chatter."""

import os
import re
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager

# What the converter and the runtime say about every model, whatever it is. Native code writes it straight to
# the descriptor, so Python's logging cannot hold it back.
CHATTER = re.compile(
    rb"All log messages before absl::InitializeLog|Ignored (output_format|drop_control_dependency)"
    rb"|(Reading|Restoring|Running|SavedModel load|Reading SavedModel).*(SavedModel|meta graph|bundle|status)"
    rb"|Could not find cuda drivers|cuInit|cpu_feature_guard|rebuild TensorFlow with the appropriate compiler"
    rb"|MLIR (V1 optimization pass|crash reproducer)|Skipping runtime version metadata|^fully_quantize:"
    rb"|Created TensorFlow Lite XNNPACK delegate|oneDNN|^I0000 |Estimated count of arithmetic ops"
)
_one_at_a_time = threading.Lock()


@contextmanager
def quiet() -> Iterator[None]:
    """Holds back the converter's chatter on standard error; other lines follow at the end, all on an error.

    The descriptor belongs to the whole process: what other threads write meanwhile comes out late, not lost.
    """
    with _one_at_a_time, tempfile.TemporaryFile() as held:
        sys.stderr.flush()
        real = os.dup(2)
        os.dup2(held.fileno(), 2)
        failed = True
        try:
            yield
            failed = False
        finally:
            sys.stderr.flush()
            os.dup2(real, 2)
            held.seek(0)
            kept = [line for line in held if failed or not CHATTER.search(line)]
            with os.fdopen(real, "wb") as stderr:
                stderr.writelines(kept)
