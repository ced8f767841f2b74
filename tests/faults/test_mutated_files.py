"""TFLite files damaged in any way: each is refused with a clear error or runs, and no process dies of it."""

import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from ai_edge_litert import schema_py_generated as schema

from mlflow_prod.compress import CONVERTERS, convert
from mlflow_prod.errors import ModelError
from mlflow_prod.tflite import Checker
from tests.tflite import files
from tests.tflite.conftest import applicants, encoder, network, task  # noqa: F401

SECONDS = 10.0


class Endless(tf.Module):
    @files.function([None, 2])
    def loop(self, x):
        return {
            "end": tf.while_loop(lambda one: tf.reduce_sum(one * 0) < 1, lambda one: (one * 0.5,), (x,))[0]
        }


# Runs what passed the check as a service would, each file in a fork of its own; counts how they end.
SERVE = """
import os, sys, pathlib
import numpy as np
sys.path.insert(0, sys.argv[1])
from mlflow_prod.errors import ProdError
from mlflow_prod.tflite import TFLiteFile
for path in map(pathlib.Path, sys.argv[2:]):
    if not (child := os.fork()):
        try:
            file, draw = TFLiteFile(path.read_bytes()), np.random.default_rng(1)
            for key, one in file.interfaces.items():
                for rows in (1, 5, 40):
                    sizes = {t.name: (rows, *map(abs, t.shape[1:])) for t in one.inputs}
                    file.predict({name: draw.normal(size=size) for name, size in sizes.items()}, key)
        except ProdError:
            pass
        os._exit(0)
    _, status = os.waitpid(child, 0)
    print(os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status))
"""


@pytest.fixture(scope="module")
def whole(network, encoder, applicants):  # noqa: F811
    """A small file of every converter, and one with several signatures."""
    rows = encoder.encode(applicants)[:50]
    made = []
    for name in CONVERTERS:
        try:
            made.append(convert(network, name, rows))
        except ModelError:
            # Networks this small are beneath some.
            continue
    module = files.Arithmetic()
    made.append(files.converted(module, {"combine": module.combine, "double": module.double}))
    assert len(made) > 3
    return made


# Each damages a file: (its bytes, all files, where to draw from) -> bytes.
def flip_bits(content, whole, draw):
    damaged = bytearray(content)
    for _ in range(draw.randint(1, 3)):
        damaged[draw.randrange(8, len(damaged))] ^= 1 << draw.randrange(8)
    return bytes(damaged)


def overwrite(content, whole, draw):
    damaged, at = bytearray(content), draw.randrange(8, len(content))
    size = draw.randint(1, 16)
    damaged[at : at + size] = draw.randbytes(len(damaged[at : at + size]))
    return bytes(damaged)


def cut(content, whole, draw):
    return content[: draw.randrange(8, len(content))]


def splice(content, whole, draw):
    other = draw.choice(whole)
    return content[: draw.randrange(8, len(content))] + other[draw.randrange(len(other)) :]


def swap_parts(content, whole, draw):
    damaged = bytearray(content)
    one, two, size = draw.randrange(8, len(content)), draw.randrange(8, len(content)), draw.randint(1, 200)
    damaged[one : one + size], damaged[two : two + size] = (
        damaged[two : two + size],
        damaged[one : one + size],
    )
    return bytes(damaged)


def rewrite(content, whole, draw):
    """A file that is well formed and says what cannot be: sizes, types, numbers of tensors and buffers."""
    model = schema.ModelT.InitFromPackedBuf(content, 0)
    for _ in range(draw.randint(1, 2)):
        graph = draw.choice(model.subgraphs)
        tensor, operator = draw.choice(graph.tensors), draw.choice(graph.operators)
        odd = draw.choice([-1, 0, 1, 2, 3, 7, 255, 65_536, 2**20, 2**30, 2**31 - 1, -(2**31)])
        match draw.randrange(8):
            case 0 if len(_list(tensor.shape)):
                tensor.shape = _list(tensor.shape)
                tensor.shape[draw.randrange(len(tensor.shape))] = odd
            case 1:
                tensor.type = draw.randrange(20)
            case 2:
                tensor.buffer = draw.randrange(len(model.buffers))
            case 3:
                operator.inputs = _list(operator.inputs)
                operator.inputs[draw.randrange(len(operator.inputs))] = draw.randrange(-1, len(graph.tensors))
            case 4:
                operator.outputs = _list(operator.outputs)
                operator.outputs[0] = draw.randrange(len(graph.tensors))
            case 5:
                operator.opcodeIndex = draw.randrange(len(model.operatorCodes))
            case 6:
                code = draw.choice(model.operatorCodes)
                code.builtinCode = draw.randrange(160)
                code.deprecatedBuiltinCode = min(127, code.builtinCode)
            case _:
                graph.inputs = [draw.randrange(len(graph.tensors)) for _ in _list(graph.inputs)]
    try:
        return files.packed(model)
    except Exception:
        # What the format itself cannot hold, such as a shape beyond 32 bits.
        return content[::-1]


def _list(numbers):
    return [] if numbers is None else [int(number) for number in numbers]


WAYS = (flip_bits, overwrite, cut, splice, swap_parts, rewrite, rewrite)


def test_damaged_files_are_refused_or_run(whole, request, counted, tmp_path):
    draw, passed = random.Random(0), []
    with Checker() as checker:
        for number in range(request.config.getoption("--mutants")):
            way = WAYS[number % len(WAYS)]
            damaged = way(draw.choice(whole), whole, draw)
            counted[f"({way.__name__})"] += 1
            try:
                checker.check(damaged, SECONDS)
            except ModelError as refusal:
                assert str(refusal).startswith(("not a TFLite file", "the TFLite file"))
                counted[_kind(str(refusal))] += 1
            else:
                counted["runs"] += 1
                passed.append(tmp_path / f"{number}.tflite")
                passed[-1].write_bytes(damaged)
        # The child that tries them all lives, too.
        for content in whole:
            checker.check(content)
    ends = _served(passed)
    counted["passed and then died"] += sum(end != 0 for end in ends)
    assert not any(ends)


def _served(paths):
    command = [sys.executable, "-c", SERVE, str(Path(__file__).parents[2]), *map(str, paths)]
    said = subprocess.run(command, capture_output=True, text=True, timeout=300, check=True).stdout
    ends = [int(line) for line in said.split()]
    assert len(ends) == len(paths)
    return ends


def _kind(said):
    for word in ("killed by", "did not finish", "GiB", "not a valid Flatbuffer"):
        if word in said:
            return word
    return "refused by LiteRT"


def test_a_file_that_asks_for_terabytes_is_refused(whole):
    model = schema.ModelT.InitFromPackedBuf(whole[0], 0)
    graph = model.subgraphs[0]
    tensor = graph.tensors[graph.inputs[0]]
    tensor.shape = tensor.shapeSignature = [2**20, 2**20]
    with Checker() as checker, pytest.raises(ModelError, match="the TFLite file fails"):
        checker.check(files.packed(model), SECONDS)


def test_a_file_that_never_ends_is_refused_in_time():
    content = files.converted(module := Endless(), {"loop": module.loop})
    with Checker() as checker:
        with pytest.raises(ModelError, match="did not finish its first inferences within 2 s"):
            checker.check(content, 2.0)
        module = files.Arithmetic()
        checker.check(files.converted(module, {"double": module.double}))


def test_files_that_are_no_files_are_refused(whole):
    odd = [
        b"",
        b"TFL3",
        b"\x00\x00\x00\x00TFL3",
        b"\x1c\x00\x00\x00TFL3" + bytes(100),
        np.arange(64).tobytes(),
    ]
    with Checker() as checker:
        for content in odd:
            with pytest.raises(ModelError, match=r"not a TFLite file|fails its first inference"):
                checker.check(content, SECONDS)
