import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlflow_prod.errors import ModelError
from mlflow_prod.evidence import digest_of_folder, files_of_folder

FILES = st.dictionaries(
    st.sampled_from(["MLmodel", "data/model.keras", "data/a/b", "z"]), st.binary(max_size=20), min_size=1
)


def write(folder, files):
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def marks(folder):
    return [file.mark for file in files_of_folder(folder)]


@given(FILES, FILES)
def test_a_digest_names_the_files_and_nothing_else(tmp_path_factory, one, other):
    first = write(tmp_path_factory.mktemp("one"), one)
    second = write(tmp_path_factory.mktemp("other"), other)
    assert (digest_of_folder(first) == digest_of_folder(second)) == (one == other)


def test_what_mlflow_writes_on_loading_is_no_part_of_the_model(tmp_path):
    write(tmp_path, {"MLmodel": b"a"})
    before = digest_of_folder(tmp_path), marks(tmp_path)
    write(tmp_path, {"registered_model_meta": b"model_name: loans"})
    assert (digest_of_folder(tmp_path), marks(tmp_path)) == before


@pytest.mark.parametrize(
    "content", [b"\x80pickle", b"model_name: loans\nevil: 1\n", b"model_name: " + b"x" * 5_000]
)
def test_other_content_under_that_name_is_part_of_the_model(tmp_path, content):
    write(tmp_path, {"MLmodel": b"a"})
    before = digest_of_folder(tmp_path)
    write(tmp_path, {"registered_model_meta": content})
    assert digest_of_folder(tmp_path) != before


def test_what_is_no_regular_file_is_refused(tmp_path):
    write(tmp_path, {"MLmodel": b"a"})
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ModelError, match="regular files only"):
        digest_of_folder(tmp_path)


def test_a_write_of_the_same_bytes_changes_the_mark(tmp_path):
    write(tmp_path, {"MLmodel": b"a"})
    before = digest_of_folder(tmp_path), marks(tmp_path)
    (tmp_path / "MLmodel").unlink()
    write(tmp_path, {"MLmodel": b"a"})
    assert digest_of_folder(tmp_path) == before[0]
    assert marks(tmp_path) != before[1]


def test_links_are_refused(tmp_path):
    write(tmp_path, {"MLmodel": b"a"})
    (tmp_path / "secret").symlink_to("/etc/hostname")
    with pytest.raises(ModelError, match="no links"):
        digest_of_folder(tmp_path)


@pytest.mark.parametrize("there", [False, True])
def test_no_files_are_no_model(tmp_path, there):
    folder = tmp_path / "model"
    if there:
        folder.mkdir()
    with pytest.raises(ModelError, match="empty" if there else "no model folder"):
        digest_of_folder(folder)
