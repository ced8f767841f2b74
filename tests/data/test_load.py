import gzip
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mlflow_prod.data import Schema, Task, describe, load, load_batch, load_batches
from mlflow_prod.errors import DataError, InvalidParameter

ROOT = Path(__file__).parents[2]
ADULT = ROOT.parent / "shared/data/adult"


def make_frame(n=200, seed=0):
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "id": [f"p{i}" for i in range(n)],
            "sex": rng.choice(["Female", "Male"], n),
            "age": rng.integers(18, 80, n),
            "income": np.where(rng.random(n) < 0.1, np.nan, rng.lognormal(8, 0.5, n)),
            "job": rng.choice(["a", "b", "c"], n),
            "owner": rng.random(n) < 0.5,
            "day": pd.Timestamp("2026-01-01") + pd.to_timedelta(rng.permutation(n), unit="D"),
            "w": rng.random(n),
            "y": rng.choice(["no", "yes"], n),
        }
    )


@pytest.fixture
def csv(tmp_path):
    path = tmp_path / "people.csv"
    make_frame().to_csv(path, index=False)
    return path


def test_roles_come_from_parameters(csv):
    dataset = load(str(csv), target="y", protected="sex, age", time="day", weight="w")
    assert dataset.schema.inputs == ("sex", "age", "income", "job", "owner")
    assert dataset.task == Task("binary", "y", ("no", "yes"))
    assert set(dataset.train.groups["age"]) <= {
        "under 25",
        "25 to 34",
        "35 to 44",
        "45 to 54",
        "55 to 64",
        "65 and over",
    }
    assert dataset.train.time.max() < dataset.test.time.min()
    assert dataset.train.weight.shape == (len(dataset.train),)
    assert dataset.train.features.dtypes.astype(str).to_dict() == {
        "sex": "str",
        "age": "float64",
        "income": "float64",
        "job": "str",
        "owner": "bool",
    }


def test_protected_columns_can_be_kept_from_the_model_and_still_make_groups(csv):
    dataset = load(str(csv), target="y", protected="sex", protected_as_input=False)
    assert "sex" not in dataset.train.features
    assert set(dataset.train.groups["sex"]) == {"Female", "Male"}


def test_roles_come_from_a_schema_beside_the_file_and_parameters_go_before_it(csv):
    text = "positive: 'no'\ncolumns: {y: {role: target}, sex: {role: protected}, w: {role: ignore}}\n"
    (csv.parent / "schema.yaml").write_text(text)
    dataset = load(str(csv))
    assert dataset.task.classes == ("yes", "no")
    assert "w" not in dataset.schema.inputs
    other = load(str(csv), target="sex")
    assert other.task.target == "sex"
    assert "y" in other.schema.inputs


def test_the_same_seed_gives_the_same_digests_and_another_does_not(csv):
    first, again, other = (load(str(csv), target="y", seed=seed) for seed in (1, 1, 2))
    for name in ("train", "validation", "test"):
        assert getattr(first, name).digest == getattr(again, name).digest
    assert first.train.digest != other.train.digest


def test_a_relative_path_means_the_current_folder(csv, monkeypatch):
    monkeypatch.chdir(csv.parent)
    assert len(load("people.csv", target="y", rows=50).train) > 0


@pytest.mark.parametrize("name", ["people.csv.gz", "people.parquet", "folder"])
def test_the_same_rows_in_another_form_give_the_same_data(csv, name):
    path = csv.parent / name
    if name.endswith("gz"):
        path.write_bytes(gzip.compress(csv.read_bytes()))
    elif name == "folder":
        path.mkdir()
        shutil.copy(csv, path / "a.csv")
    else:
        pd.read_csv(csv).to_parquet(path)
    assert load(str(path), target="y").test.digest == load(str(csv), target="y").test.digest


def test_a_function_gives_the_rows(tmp_path, monkeypatch):
    module = """
import numpy as np, pandas as pd
from mlflow_prod.data import load
def table(): return pd.DataFrame({"a": np.arange(30.0), "y": [0, 1, 2] * 10})
def pair(): return pd.DataFrame({"a": np.arange(30.0)}), pd.Series([0, 1, 2] * 10, name="kind")
def arrays(): return np.random.default_rng(1).random((30, 2)), np.arange(30) * 0.1
def pictures(): return np.zeros((30, 4, 4)), np.arange(30) % 2
def whole(): return load("digits", rows=100)
def wrong(): return 3
def twice(): return pd.DataFrame([[1, 2]], columns=["a", "a"])
def uneven(): return np.zeros((3, 2)), np.zeros(2)
"""
    (tmp_path / "made_rows.py").write_text(module)
    monkeypatch.syspath_prepend(tmp_path)
    assert load("made_rows:table", target="y").task.kind == "multiclass"
    assert load("made_rows:pair").task.target == "kind"
    assert load("made_rows:arrays").schema.inputs == ("x0", "x1")
    assert load("made_rows:pictures").train.features.shape[1:] == (4, 4, 1)
    assert load("made_rows:whole").name == "digits"
    for name, message in {
        "wrong": "must return a DataFrame",
        "twice": "names the column 'a' 2 times",
        "uneven": r"must return features of n rows .* got the shapes \(3, 2\) and \(2,\)",
        "lost": "has no attribute 'lost'",
    }.items():
        with pytest.raises(DataError, match=message):
            load(f"made_rows:{name}", target="y")
    with pytest.raises(DataError, match="no module 'no_such_rows'"):
        load("no_such_rows:table")


BAD = {
    "no row at all": (lambda f: f.head(0), {}, "has no rows"),
    "wrong target": (lambda f: f, {"target": "yy"}, "target: no column 'yy' in the data; did you mean 'y'"),
    "no target": (
        lambda f: f,
        {"target": ""},
        "name the column to predict with `target`; the columns are id",
    ),
    "wrong protected": (lambda f: f, {"protected": "sx"}, "protected: no column 'sx' .* did you mean 'sex'"),
    "two roles": (lambda f: f, {"protected": "y"}, "column 'y' is named as target and as protected"),
    "one class": (lambda f: f.assign(y="yes"), {}, "one class only, 'yes'"),
    "missing target": (lambda f: f.assign(y=f.y.where(f.index > 3)), {}, "missing in 4 of 200 rows"),
    "infinite input": (
        lambda f: f.assign(income=f.income.where(f.index > 2, np.inf)),
        {},
        "column 'income' is infinite in 3 of 200 rows",
    ),
    "a class in one part": (
        lambda f: f.assign(y=["rare", *["no", "yes"] * 99, "no"]),
        {},
        "class 'rare' has no row",
    ),
    "a class in one time": (
        lambda f: f.assign(y=np.where(f.day > f.day.median(), "yes", "no")),
        {"time": "day"},
        "class 'no' has no row in test .* leave `time` out",
    ),
    "fewer rows than classes": (lambda f: f.head(2).assign(y=["a", "b"]), {}, "2 rows cannot be divided"),
    "all distinct": (lambda f: f.assign(y=f.id), {}, "200 classes in 200 rows"),
    "negative weight": (lambda f: f.assign(w=-1), {"weight": "w"}, "weight 'w' must be from 0 to"),
    "enormous weight": (lambda f: f.assign(w=1e308), {"weight": "w"}, "weight 'w' must be from 0 to"),
    "missing time": (
        lambda f: f.assign(day=f.day.where(f.index > 3)),
        {"time": "day"},
        "time 'day' must hold a date",
    ),
    "text as time": (lambda f: f, {"time": "job"}, "time 'job' must hold a date"),
    "bad share": (lambda f: f, {"test_share": 1.5}, "test_share must be in"),
}


@pytest.mark.parametrize("case", BAD, ids=lambda case: case.replace(" ", "_"))
def test_bad_data_are_refused_with_what_to_do(tmp_path, case):
    change, options, message = BAD[case]
    path = tmp_path / "people.csv"
    change(make_frame()).to_csv(path, index=False)
    with pytest.raises((DataError, InvalidParameter), match=message):
        load(str(path), **{"target": "y"} | options)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("lones", "no data at 'lones' .* did you mean 'loans'"),
        ("none.csv", "no data at 'none.csv'"),
        ("nowhere/at/all.csv", "no data at"),
    ],
)
def test_data_that_are_not_there_are_named(data, message):
    with pytest.raises(DataError, match=message):
        load(data, target="y")


def test_a_batch_needs_the_inputs_alone(csv):
    dataset = load(str(csv), target="y", protected="sex", time="day", weight="w")
    path = csv.parent / "batch.csv"
    batch = make_frame(seed=1).drop(columns=["y", "day", "w", "id"]).assign(extra=1)
    batch[batch.columns[::-1]].to_csv(path, index=False)
    part = load_batch(str(path), Schema.from_dict(dataset.schema.to_dict()), dataset.task)
    assert list(part.features.columns) == list(dataset.schema.inputs)
    assert not part.has_target
    assert set(part.groups["sex"]) == {"Female", "Male"}


def test_a_batch_takes_labels_where_every_row_has_one(csv):
    dataset = load(str(csv), target="y")
    part = load_batch(str(csv), dataset.schema, dataset.task)
    assert part.has_target
    make_frame().assign(y=lambda f: f.y.where(f.index > 3)).to_csv(csv, index=False)
    assert not load_batch(str(csv), dataset.schema, dataset.task).has_target


def test_a_batch_that_lacks_an_input_is_refused_by_name(csv):
    dataset = load(str(csv), target="y")
    make_frame().rename(columns={"income": "incom"}).to_csv(csv, index=False)
    with pytest.raises(DataError, match="lack the column 'income'; did you mean 'incom'"):
        load_batch(str(csv), dataset.schema, dataset.task)


def _parquet(frame, path, rows=70):
    pq.write_table(pa.Table.from_pandas(frame, preserve_index=False), path, row_group_size=rows)


def test_parquet_is_read_a_part_at_a_time(csv, tmp_path):
    dataset = load(str(csv), target="y", protected="sex", time="day", weight="w")
    frame = make_frame(seed=1)
    _parquet(frame[:100], csv.parent / "one.parquet")
    folder = tmp_path / "many"
    folder.mkdir()
    _parquet(frame[:100], folder / "a.parquet")
    _parquet(frame[100:], folder / "b.parquet")
    (folder / "notes.txt").write_text("nothing")
    for path, sizes in ((csv.parent / "one.parquet", [70, 30]), (folder, [70, 30, 70])):
        parts = list(load_batches(str(path), dataset.schema, dataset.task))
        whole = load_batch(str(path), dataset.schema, dataset.task)
        assert [len(part) for part in parts][: len(sizes)] == sizes
        features = pd.concat([part.features for part in parts], ignore_index=True)
        pd.testing.assert_frame_equal(features, whole.features, check_dtype=False)
        assert np.array_equal(np.concatenate([part.target for part in parts]), whole.target)


def test_what_is_no_parquet_or_has_columns_in_its_folders_is_one_part(csv, tmp_path):
    dataset = load(str(csv), target="y")
    parts = list(load_batches(str(csv), dataset.schema, dataset.task))
    assert [part.digest for part in parts] == [load_batch(str(csv), dataset.schema, dataset.task).digest]
    for sex, rows in make_frame().groupby("sex"):
        (tmp_path / "by" / f"sex={sex}").mkdir(parents=True)
        _parquet(rows.drop(columns="sex"), tmp_path / "by" / f"sex={sex}" / "rows.parquet")
    (part,) = load_batches(str(tmp_path / "by"), dataset.schema, dataset.task)
    assert set(part.features["sex"]) == {"Female", "Male"}


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda f: f.rename(columns={"income": "incom"}), "lack the column 'income'; did you mean 'incom'"),
        (lambda f: f[:0], "has no rows"),
        (lambda f: f.assign(income=np.inf), "'income' is infinite"),
    ],
)
def test_parquet_that_cannot_be_read_is_refused_by_name(csv, spoil, message):
    dataset = load(str(csv), target="y")
    _parquet(spoil(make_frame()), csv.parent / "bad.parquet")
    with pytest.raises(DataError, match=message):
        list(load_batches(str(csv.parent / "bad.parquet"), dataset.schema, dataset.task))


def test_a_damaged_parquet_file_is_named(csv):
    dataset = load(str(csv), target="y")
    (csv.parent / "bad.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(DataError, match=r"bad\.parquet cannot be read as Parquet"):
        list(load_batches(str(csv.parent / "bad.parquet"), dataset.schema, dataset.task))


def test_images_and_tables_are_not_taken_for_each_other(csv):
    dataset = load(str(csv), target="y")
    with pytest.raises(DataError, match="holds images, but the model reads columns"):
        load_batch("digits", dataset.schema, dataset.task)
    with pytest.raises(DataError, match="holds a table, but the model reads images"):
        load_batch(str(csv), None, dataset.task)


def test_what_was_loaded_is_described(csv):
    text = describe(load(str(csv), target="y", protected="sex"))
    assert "200 rows (130 train, 20 validation, 50 test)" in text
    assert "task: binary of 'y', classes 'no' and 'yes' (positive)" in text
    assert "left out: every value is distinct" in text
    assert "images of 8x8x1" in describe(load("digits"))


@pytest.mark.skipif(not ADULT.is_dir(), reason="adult is not here")
def test_adult_is_read_as_uci_ships_it():
    dataset = load(str(ADULT / "adult.data.gz"), schema=str(ROOT / "docs/examples/adult.schema.yaml"))
    assert dataset.task.classes == ("<=50K", ">50K")
    assert len(dataset.train) + len(dataset.validation) == 32_561
    assert len(dataset.test) == 16_281
    assert dataset.test.target.sum() == 3_846
    assert (dataset.test.groups["sex"][dataset.test.target == 1] == "Female").sum() == 590
    assert dataset.train.features["workclass"].isna().any()
    assert dataset.schema.protected == ("race", "sex")


def test_a_date_that_could_divide_the_rows_is_pointed_at(csv):
    assert "time=day would train on the oldest rows" in describe(load(str(csv), target="y"))
    assert "time=day" not in describe(load(str(csv), target="y", time="day"))


def test_a_wrong_path_is_not_answered_with_a_whole_folder(csv, monkeypatch):
    monkeypatch.chdir(csv.parent)
    with pytest.raises(DataError, match=f"did you mean '{csv.name}'"):
        load(f"x{csv.name}", target="y")
    with pytest.raises(DataError) as problem:
        load("nowhere", target="y")
    assert csv.name not in str(problem.value)


def test_a_column_without_a_name_has_no_role_of_its_own(tmp_path):
    path = tmp_path / "people.parquet"
    make_frame().rename(columns={"job": ""}).to_parquet(path)
    dataset = load(str(path), target="y")
    assert "" in dataset.schema.inputs
    assert dataset.train.weight is None and dataset.train.time is None
