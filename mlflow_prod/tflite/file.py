"""Any TFLite file, arrays in and arrays out."""

import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias

import numpy as np

from mlflow_prod.errors import DataError, InvalidParameter, ModelError, did_you_mean
from mlflow_prod.tflite.interface import Interface, interfaces
from mlflow_prod.tflite.numbers import TEXTS, Change, as_real, as_stored
from mlflow_prod.tflite.session import Session, interpreter_of

Arrays: TypeAlias = Mapping[str, np.ndarray]
# Rows a call, and bytes of input: what fits the caches and the memory of a processor; larger batches are cut.
BATCH, BYTES = 256, 1 << 24
# Interpreters kept ready in each thread, one for each size of batch.
SIZES = 8
# Threads; LiteRT starts as many as it is told.
MOST = 1024
# Of the largest answer: beyond it, answers differ by more than the order of summation.
CLOSE = 1e-3


class TFLiteFile:
    """A TFLite file run by LiteRT: several signatures, inputs and outputs; any types, any number of rows.

    Safe to call from several threads: each has interpreters of its own, which a shared one does not allow.
    The file runs in this process, and a malformed one can end it: for files from elsewhere use
    `mlflow_prod.tflite.load_model`, or `mlflow_prod.tflite.check` first. TensorFlow is not imported.

    Rows are the first dimension. A file made for a fixed number of rows takes any other number, too: it is
    resized where that answers as pieces of its own size do, which is tried on the first rows, else it runs
    in such pieces, the last one filled up. Batches beyond 256 rows (or 16 MB) are cut where the file answers
    row by row, tried likewise.

    Parameters
    ----------
    content : the file's bytes.
    threads : processor cores that one call may use, from 1 to 1024.

    Raises
    ------
    ModelError : the file cannot be run. InvalidParameter : `content` or `threads`.
    """

    def __init__(self, content: bytes, *, threads: int = 1):
        if not isinstance(content, bytes):
            raise InvalidParameter("content", "the bytes of a TFLite file, not where one is", content)
        if not isinstance(threads, int) or isinstance(threads, bool) or not 1 <= threads <= MOST:
            raise InvalidParameter("threads", f"a whole number from 1 to {MOST}", threads)
        self.content = content
        self.threads = threads
        self.interfaces = interfaces(interpreter_of(content, threads))
        self._usual = next(iter(self.interfaces))
        self._local = threading.local()
        # By signature: whether a batch may be run in another size than it came in.
        self._by_rows: dict[str, bool] = {}
        usual = self.interface()
        if not any(-1 in one.shape[1:] for one in usual.inputs):
            # What cannot be run at all is told here, and not by the first rows.
            self._session(usual, tuple(tuple(abs(size) for size in one.shape) for one in usual.inputs))

    def interface(self, signature: str = "") -> Interface:
        """What a signature takes and gives, "" for the usual one; InvalidParameter if there is none."""
        key = signature or self._usual
        if key not in self.interfaces:
            hint = did_you_mean(str(signature), self.interfaces)
            raise InvalidParameter("signature", f"one of the file's ({hint})", signature)
        return self.interfaces[key]

    def predict(self, inputs: np.ndarray | Arrays, signature: str = "") -> Any:
        """What the file answers.

        Parameters
        ----------
        inputs : an array, where there is one input, or arrays by the names of the inputs. Of quantized inputs
            real numbers, or integers of the file's own type as they are stored.
        signature : which one to run; "" for `serving_default`, or else the first.

        NaN in an input of floats is the file's to answer, and one that computes in integers answers it with a
        number: what may be missing belongs in front of a `TFLiteModel`, whose encoder knows what to do.

        Returns an array where `inputs` is one and the file has one output, else arrays by name. Quantized
        outputs come as float32, or as they are stored where all quantized inputs were given so. Raises
        DataError on inputs of other names, shapes or types, ModelError where the file fails on them.
        """
        try:
            run = self._local.ready[signature, inputs.shape, inputs.dtype]  # type: ignore[union-attr]
        except (AttributeError, KeyError, TypeError):
            return self._predict(inputs, signature)
        return run(inputs)

    def _predict(self, inputs: np.ndarray | Arrays, signature: str) -> Any:
        interface = self.interface(signature)
        arrays = _arrays(interface, inputs)
        changes = [as_stored(one, array.dtype) for one, array in zip(interface.inputs, arrays, strict=True)]
        quantized = [change for one, change in zip(interface.inputs, changes, strict=True) if one.scales]
        as_is = bool(quantized) and not any(quantized)
        stored = [
            array if change is None else change(array) for array, change in zip(arrays, changes, strict=True)
        ]
        answers = self._answers(interface, stored)
        if not as_is:
            reals = map(as_real, interface.outputs)
            answers = [
                answer if real is None else real(answer) for answer, real in zip(answers, reals, strict=True)
            ]
        if isinstance(inputs, Mapping):
            return _by_name(interface, answers)
        if isinstance(inputs, np.ndarray) and inputs.dtype.kind not in TEXTS and len(answers) == 1:
            self._keep(interface, inputs, signature, as_is)
        return answers[0] if len(answers) == 1 else _by_name(interface, answers)

    def _keep(self, interface: Interface, array: np.ndarray, signature: str, as_is: bool) -> None:
        """Keeps what runs arrays of this shape and type at once, where there is an interpreter for them."""
        session = self._sessions().get((interface.key, (array.shape,)))
        ends = None if session is None else session.ends()
        if session is None or ends is None:
            return
        change = as_stored(interface.inputs[0], array.dtype)
        real = None if as_is else as_real(interface.outputs[0])
        self._local.ready[signature, array.shape, array.dtype] = _quick(session, *ends, change, real)

    def _answers(self, interface: Interface, stored: list[np.ndarray]) -> list[np.ndarray]:
        if all(_fits(one.shape, array.shape) for one, array in zip(interface.inputs, stored, strict=True)):
            rows = _rows(stored)
            if rows is None or any(one.shape[:1] != (-1,) for one in (*interface.inputs, *interface.outputs)):
                return self._run(interface, stored)
            if rows == 0:
                return self._of_none(interface, stored)
            most = _most(stored, rows)
            if rows <= most or not self._independent(interface, stored, most):
                return self._run(interface, stored)
            return _joined([self._run(interface, part) for part in _cut(stored, most)])
        return self._resized(interface, stored)

    def _resized(self, interface: Interface, stored: list[np.ndarray]) -> list[np.ndarray]:
        """Answers where only the number of rows differs from the file's own; else DataError."""
        rows, own = _rows(stored), {one.shape[:1] for one in interface.inputs}
        fits = all(
            _fits(one.shape[1:], array.shape[1:]) and len(one.shape) == array.ndim
            for one, array in zip(interface.inputs, stored, strict=True)
        )
        (fixed,) = own if len(own) == 1 else ((),)
        size = fixed[0] if fixed else 0
        if not fits or rows is None or size < 1 or any(one.shape[:1] != fixed for one in interface.outputs):
            raise _misfit(interface, stored)
        if rows == 0:
            return self._of_none(interface, stored)
        if interface.key not in self._by_rows:
            self._by_rows[interface.key] = self._resizes(interface, [array[:BATCH] for array in stored], size)
        if self._by_rows[interface.key]:
            return _joined([self._run(interface, part) for part in _cut(stored, _most(stored, rows))])
        return self._in_pieces(interface, stored, size)

    def _resizes(self, interface: Interface, stored: list[np.ndarray], size: int) -> bool:
        """Whether the file may be resized, and then answers as pieces of its own size do."""
        try:
            whole = self._run(interface, stored)
        except ModelError:
            return False
        return _same(whole, self._in_pieces(interface, stored, size))

    def _in_pieces(self, interface: Interface, stored: list[np.ndarray], size: int) -> list[np.ndarray]:
        rows = len(stored[0])
        found = _joined([self._run(interface, _filled(part, size)) for part in _cut(stored, size)])
        return [answer[:rows] for answer in found]

    def _independent(self, interface: Interface, stored: list[np.ndarray], most: int) -> bool:
        """Whether rows are answered the same in batches of other sizes."""
        if interface.key not in self._by_rows:
            tried = max(2, most)
            first = [array[:tried] for array in stored]
            parts = [self._run(interface, part) for part in _cut(first, tried // 2)]
            self._by_rows[interface.key] = _same(self._run(interface, first), _joined(parts))
        return self._by_rows[interface.key]

    def _of_none(self, interface: Interface, stored: list[np.ndarray]) -> list[np.ndarray]:
        """Answers to no rows: those to one row of zeros, without it."""
        sizes = [max(1, one.shape[0]) for one in interface.inputs]
        one_row = [
            np.zeros((size, *array.shape[1:]), array.dtype) for size, array in zip(sizes, stored, strict=True)
        ]
        return [answer[:0] for answer in self._run(interface, one_row)]

    def _run(self, interface: Interface, stored: list[np.ndarray]) -> list[np.ndarray]:
        return self._session(interface, tuple(array.shape for array in stored)).run(stored)

    def _session(self, interface: Interface, shapes: tuple[tuple[int, ...], ...]) -> Session:
        sessions = self._sessions()
        session = sessions.get((interface.key, shapes))
        if session is None:
            # Resizing costs more than a small batch takes, so each size keeps an interpreter.
            session = sessions[interface.key, shapes] = Session(self.content, self.threads, interface, shapes)
            if len(sessions) > SIZES:
                del sessions[next(iter(sessions))]
                self._local.ready.clear()
        return session

    def _sessions(self) -> dict[tuple[str, tuple[tuple[int, ...], ...]], Session]:
        try:
            found: dict[tuple[str, tuple[tuple[int, ...], ...]], Session] = self._local.sessions
        except AttributeError:
            found = self._local.sessions = {}
            self._local.ready = {}
        return found


def _quick(
    session: Session, interpreter: Any, source: int, target: int, change: Change | None, real: Change | None
) -> Callable[[np.ndarray], np.ndarray]:
    """Runs arrays of one shape and type with nothing looked up on the way."""
    set_tensor, invoke, get_tensor = interpreter.set_tensor, interpreter.invoke, interpreter.get_tensor

    def plain(array: np.ndarray) -> np.ndarray:
        try:
            set_tensor(source, array)
            invoke()
            answer: np.ndarray = get_tensor(target)
        except (ValueError, RuntimeError) as problem:
            raise session.failure(problem) from problem
        return answer

    def changed(array: np.ndarray) -> np.ndarray:
        answer = plain(array if change is None else change(array))
        return answer if real is None else real(answer)

    return plain if change is None and real is None else changed


def _arrays(interface: Interface, inputs: Any) -> list[np.ndarray]:
    names = [one.name for one in interface.inputs]
    if not isinstance(inputs, Mapping):
        if len(names) != 1:
            raise DataError(
                f"the file has the inputs {', '.join(names) or 'none'}: give arrays by these names"
            )
        return [np.asarray(inputs)]
    for name in inputs:
        if name not in names:
            raise DataError(f"the file has no input {name!r}; {did_you_mean(str(name), names)}")
    lost = [name for name in names if name not in inputs]
    if lost:
        raise DataError(f"the file has the inputs {', '.join(names)}; {', '.join(lost)} is missing")
    return [np.asarray(inputs[name]) for name in names]


def _by_name(interface: Interface, answers: list[np.ndarray]) -> dict[str, np.ndarray]:
    return {one.name: answer for one, answer in zip(interface.outputs, answers, strict=True)}


def _fits(shape: tuple[int, ...], given: tuple[int, ...]) -> bool:
    return len(shape) == len(given) and all(own in (-1, size) for own, size in zip(shape, given, strict=True))


def _misfit(interface: Interface, arrays: list[np.ndarray]) -> DataError:
    for one, array in zip(interface.inputs, arrays, strict=True):
        if not _fits((-1, *one.shape[1:]), array.shape):
            sizes = ", ".join("any" if size < 0 else str(size) for size in one.shape[1:])
            return DataError(f"input {one.name!r} takes rows of shape ({sizes}), got shape {array.shape}")
    wanted = ", ".join(f"{one.name} {one.shape}" for one in interface.inputs)
    got = ", ".join(str(array.shape) for array in arrays)
    return DataError(f"the file takes {wanted}, and no other number of rows; got {got}")


def _rows(arrays: list[np.ndarray]) -> int | None:
    """Rows of all arrays, None where they are not of one number."""
    rows = {array.shape[:1] for array in arrays}
    (first,) = rows if len(rows) == 1 else ((),)
    return first[0] if first else None


def _most(arrays: list[np.ndarray], rows: int) -> int:
    """Rows to run in one call."""
    return max(1, min(BATCH, BYTES * rows // max(1, sum(array.nbytes for array in arrays))))


def _cut(arrays: list[np.ndarray], size: int) -> Iterator[list[np.ndarray]]:
    for start in range(0, len(arrays[0]), size):
        yield [array[start : start + size] for array in arrays]


def _filled(arrays: list[np.ndarray], size: int) -> list[np.ndarray]:
    """Arrays of `size` rows, the last row repeated."""
    lacks = size - len(arrays[0])
    return [
        np.concatenate([array, np.repeat(array[-1:], lacks, axis=0)]) if lacks else array for array in arrays
    ]


def _joined(parts: list[list[np.ndarray]]) -> list[np.ndarray]:
    return parts[0] if len(parts) == 1 else [np.concatenate(answers) for answers in zip(*parts, strict=True)]


def _same(some: list[np.ndarray], others: list[np.ndarray]) -> bool:
    """Whether answers agree but for the order of summation."""
    for one, other in zip(some, others, strict=True):
        if one.shape != other.shape:
            return False
        if one.dtype.kind != "f":
            if not np.array_equal(one, other):
                return False
        elif not np.allclose(one, other, CLOSE, CLOSE * float(np.abs(one).max(initial=0)), equal_nan=True):
            return False
    return True
