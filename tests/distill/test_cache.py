import os
import pickle
import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlflow_prod.distill import cache_folder, cached, key_of

SCORES = np.linspace(0, 1, 30, dtype=np.float32).reshape(10, 3)
KEY = key_of("model", "rows")


class Teacher:
    """Counts how often it is asked."""

    def __init__(self):
        self.asked = 0

    def __call__(self):
        self.asked += 1
        return SCORES


def file_in(folder):
    (path,) = (folder / "teachers").iterdir()
    return path


def test_a_teacher_is_asked_once_and_its_answers_are_mapped(tmp_path):
    teacher = Teacher()
    first, made = cached(tmp_path, KEY, 10, teacher)
    second, read = cached(tmp_path, KEY, 10, teacher)
    assert (teacher.asked, made, read) == (1, "asked and kept", "read from the cache")
    for found in (first, second):
        assert isinstance(found, np.memmap) and not found.flags.writeable
        np.testing.assert_array_equal(found, SCORES)
        assert found.dtype == np.float32


def test_another_model_or_other_rows_have_a_file_of_their_own():
    names = [("a", "b"), ("ab", ""), ("", "ab"), ("a", "b", "")]
    assert len({key_of(*parts) for parts in names}) == len(names)


@settings(deadline=None, max_examples=40)
@given(st.data())
def test_a_file_that_was_changed_is_asked_for_anew(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("cache")
    cached(folder, KEY, 10, Teacher())
    path = file_in(folder)
    whole = bytearray(path.read_bytes())
    if data.draw(st.booleans(), label="cut"):
        whole = whole[: data.draw(st.integers(0, len(whole) - 1))]
    else:
        whole[data.draw(st.integers(0, len(whole) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    path.write_bytes(whole)
    teacher = Teacher()
    found, how = cached(folder, KEY, 10, teacher)
    assert (teacher.asked, how) == (1, "asked and kept")
    np.testing.assert_array_equal(found, SCORES)
    assert cached(folder, KEY, 10, teacher)[1] == "read from the cache"


class Trap:
    def __reduce__(self):
        return (Path.touch, (Path("sprung"),))


@pytest.mark.parametrize(
    "write",
    [
        lambda path: path.write_bytes(pickle.dumps(Trap())),
        lambda path: np.save(path.open("wb"), np.array([Trap()], dtype=object), allow_pickle=True),
        lambda path: np.savez(path.open("wb"), SCORES),
        lambda path: path.write_text("\x93NUMPY and no array"),
    ],
)
def test_what_others_put_there_runs_no_code(tmp_path, monkeypatch, write):
    import hashlib

    monkeypatch.chdir(tmp_path)
    cached(tmp_path, KEY, 10, Teacher())
    path = file_in(tmp_path)
    write(path)
    # As one who knows of the seal would.
    path.write_bytes(path.read_bytes() + hashlib.sha256(path.read_bytes()).digest())
    assert cached(tmp_path, KEY, 10, Teacher())[1] == "asked and kept"
    assert not Path("sprung").exists()


@pytest.mark.parametrize("kept", [SCORES[:5], np.arange(10), np.array(1.0)])
def test_an_array_of_another_kind_is_asked_for_anew(tmp_path, kept):
    cached(tmp_path, KEY, len(np.atleast_1d(kept)), lambda: kept)
    np.testing.assert_array_equal(cached(tmp_path, KEY, 10, Teacher())[0], SCORES)


def test_where_nothing_can_be_written_the_answers_are_given(tmp_path):
    (tmp_path / "teachers").write_text("in the way")
    found, how = cached(tmp_path, KEY, 10, Teacher())
    assert how.startswith("asked, not kept: ")
    np.testing.assert_array_equal(found, SCORES)


def test_nothing_half_made_is_left(tmp_path, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "save", full)
    assert cached(tmp_path, KEY, 10, Teacher())[1] == "asked, not kept: No space left on device"
    assert [*(tmp_path / "teachers").iterdir()] == []


def test_many_at_once_end_with_one_whole_file(tmp_path):
    found = []
    threads = [
        threading.Thread(target=lambda: found.append(cached(tmp_path, KEY, 10, Teacher())[0]))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8 and all(np.array_equal(one, SCORES) for one in found)
    assert cached(tmp_path, KEY, 10, Teacher())[1] == "read from the cache"
    assert file_in(tmp_path).suffix == ".npy"


def test_the_folder_is_the_users_own(tmp_path, monkeypatch):
    monkeypatch.setenv("MLFLOW_PROD_CACHE", str(tmp_path / "own"))
    assert cache_folder() == tmp_path / "own"
    monkeypatch.delenv("MLFLOW_PROD_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "shared"))
    assert cache_folder() == tmp_path / "shared" / "mlflow-prod"
    for unset in ("", "relative"):
        monkeypatch.setenv("XDG_CACHE_HOME", unset)
        assert cache_folder() == Path.home() / ".cache" / "mlflow-prod"
    cached(tmp_path, KEY, 10, Teacher())
    if os.umask(0o022) == 0o022:
        assert (tmp_path / "teachers").stat().st_mode & 0o077 == 0
