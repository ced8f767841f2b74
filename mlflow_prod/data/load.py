"""Data by name, file, folder or function to parts ready to learn from."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from mlflow_prod.data.batches import batches, parquet_columns
from mlflow_prod.data.dataset import Dataset, Part
from mlflow_prod.data.files import parquet_files
from mlflow_prod.data.infer import infer_schema
from mlflow_prod.data.labels import encode_target, infer_task
from mlflow_prod.data.part import labels_of, part_of
from mlflow_prod.data.reach import reach
from mlflow_prod.data.schema import Role, Schema
from mlflow_prod.data.schema_file import SchemaFile, find_schema_file
from mlflow_prod.data.source import Images, Table
from mlflow_prod.data.split import Split, hold_classes
from mlflow_prod.data.task import Task
from mlflow_prod.errors import DataError


def load(
    data: str,
    *,
    target: str = "",
    protected: str = "",
    time: str = "",
    id: str = "",
    weight: str = "",
    schema: str = "",
    protected_as_input: bool = True,
    task: str = "",
    rows: int = 0,
    test_share: float = 0.0,
    validation_share: float = 0.1,
    seed: int = 0,
    raw: bool = False,
) -> Dataset:
    """The data set that `data` names, divided into train, validation and test.

    Parameters
    ----------
    data : `digits`, `diabetes`, `breast_cancer`, `loans` (with options: `loans?bias=0.4&rows=20000`); the
        path of a CSV (.gz too) or Parquet file, of a folder of them, of IDX files, or of folders of PNG
        or JPEG by class; or `module:function`. Relative paths mean the current folder.
    target, time, weight : names of columns; "" leaves them to the schema file or to the source.
    protected, id : names of columns, comma separated.
    schema : path of a schema.yaml; "" takes one beside the data where there is one.
    protected_as_input : whether the model may read the protected columns.
    task : `binary`, `multiclass`, `regression`, or "" to infer it.
    rows : draw that many rows; 0 for all.
    test_share, validation_share : shares of all rows, in (0, 1); test_share 0 means 0.25, of loans 0.4.
        Data with a test set of their own keep it.
    seed : of the division, the draw and the rows that `loans` makes.
    raw : keep every column of a table as it was read, too (`Part.raw`), for a model that others made; such
        data may lack what ours learn from.

    Raises
    ------
    DataError : the data cannot be read or learnt from; the message says what to do.
    InvalidParameter : a share or a number of rows breaks its rule.
    """
    source, said = reach(data, schema, target, seed, batch=0)
    if isinstance(source, Dataset):
        return source
    by_role: dict[Role, str] = {
        "target": target,
        "protected": protected,
        "time": time,
        "id": id,
        "weight": weight,
    }
    own_test = source.test is not None
    share = 0.0 if own_test else test_share or (source.test_share if isinstance(source, Table) else 0.25)
    split = Split(validation_share, share, rows, seed)
    if isinstance(source, Images):
        named = [*by_role.items(), ("schema", schema)]
        unfit = next((name for name, value in named if value and name != "target"), "")
        if unfit:
            raise DataError(f"{unfit}: {data} holds images, which have no columns: leave it out")
        return _of_images(data, source, target or "label", task, split)
    roles = _roles(by_role)
    target = target or _target_known(data, source, said)
    return _of_table(data, source, said, {**roles, target: "target"}, protected_as_input, task, split, raw)


def load_batch(data: str, schema: Schema | None, task: Task, *, schema_file: str = "", seed: int = 0) -> Part:
    """Rows from production, as the model of `schema` and `task` reads them; nothing is inferred or divided.

    All inputs must be there; further columns are ignored. Labels are taken where every row has one,
    else `target` is empty; groups are those of the protected columns that are there. `loans` draws from
    batch 1 unless its options say otherwise. `schema_file` says how to read a file (names, separator).

    Raises DataError naming a lost column, or a value that its type does not allow.
    """
    source, said = reach(data, schema_file, task.target, seed, batch=1)
    if isinstance(source, Dataset):
        return source.test
    if isinstance(source, Images):
        if schema is not None:
            raise DataError(f"{data} holds images, but the model reads columns: {', '.join(schema.inputs)}")
        return Part(source.pixels, encode_target(task, pd.Series(source.labels)))
    if schema is None:
        raise DataError(f"{data} holds a table, but the model reads images")
    return part_of(_without_label_end(source.frame, task.target, said), schema, task)


def load_batches(
    data: str, schema: Schema | None, task: Task, *, schema_file: str = "", seed: int = 0
) -> Iterator[Part]:
    """The rows that `load_batch` reads, of Parquet a part at a time: of files larger than memory, too.

    Of a folder whose columns are in part names of subfolders (`year=2026`), and of all that is no Parquet, it
    is one part. Raises DataError as `load_batch` does.
    """
    files = parquet_files(Path(data)) if schema is not None else []
    names = [set(parquet_columns(file)) for file in files]
    if schema is None or not files or not all(set(schema.inputs) <= there for there in names):
        yield load_batch(data, schema, task, schema_file=schema_file, seed=seed)
        return
    said = find_schema_file(Path(data), schema_file)
    used = [*dict.fromkeys((*schema.inputs, *schema.columns))]
    empty = True
    for file, there in zip(files, names, strict=True):
        for batch in batches(file, [name for name in used if name in there]):
            empty = False
            yield part_of(_without_label_end(batch.to_pandas(), task.target, said), schema, task)
    if empty:
        raise DataError(f"{data} has no rows")


def _roles(by_role: Mapping[Role, str]) -> dict[str, Role]:
    roles: dict[str, Role] = {}
    for role, value in by_role.items():
        names = [name.strip() for name in value.split(",")] if role in ("protected", "id") else [value]
        for name in filter(None, names):
            if roles.setdefault(name, role) != role:
                raise DataError(f"column {name!r} is named as {roles[name]} and as {role}: choose one")
    return roles


def _target_known(data: str, source: Table, said: SchemaFile) -> str:
    names = [name for name, column in said.columns.items() if column.role == "target"] or [source.target]
    if len(names) > 1:
        raise DataError(f"{said.path}: one column can be the target, got {', '.join(names)}")
    if not names[0]:
        columns = ", ".join(map(str, source.frame.columns[:12]))
        raise DataError(f"{data}: name the column to predict with `target`; the columns are {columns}")
    return names[0]


def _of_table(
    data: str,
    source: Table,
    said: SchemaFile,
    roles: Mapping[str, Role],
    protected_as_input: bool,
    kind: str,
    split: Split,
    raw: bool,
) -> Dataset:
    target = next(name for name, role in roles.items() if role == "target")
    # Another target than the one known or said makes that one an ordinary column.
    known = {n: c for n, c in source.columns.items() if c.role != "target" or n == target}
    columns = {
        n: replace(c, role="") if c.role == "target" and n != target else c for n, c in said.columns.items()
    }
    others = any(c.role == "target" and n != target for n, c in said.columns.items())
    said = replace(said, columns=columns, positive="" if others else said.positive)
    frames = [_without_label_end(source.frame, target, said)]
    if source.test is not None:
        frames.append(_without_label_end(source.test, target, said))
    frames = [frame.iloc[split.draw(len(frame))].reset_index(drop=True) for frame in frames]
    schema = infer_schema(frames[0], known, said, roles, protected_as_input, may_lack_inputs=raw)
    if target not in frames[-1].columns:
        raise DataError(f"{said.path}: the test file lacks the target {target!r}")
    labels = pd.concat([labels_of(frame, schema, target) for frame in frames], ignore_index=True)
    task = infer_task(labels, target, said.positive or (source.positive if target in known else ""), kind)
    column = replace(schema.columns[target], type="numeric" if task.kind == "regression" else "category")
    schema = replace(schema, columns={**schema.columns, target: column})
    return _divided(data, task, schema, [part_of(frame, schema, task, raw=raw) for frame in frames], split)


def _of_images(data: str, source: Images, target: str, kind: str, split: Split) -> Dataset:
    pairs = [(source.pixels, source.labels), *([] if source.test is None else [source.test])]
    task = infer_task(pd.Series(np.concatenate([labels for _, labels in pairs])), target, kind=kind)
    parts = []
    for pixels, labels in pairs:
        chosen = split.draw(len(pixels))
        parts.append(Part(pixels[chosen], encode_target(task, pd.Series(labels[chosen]))))
    return _divided(data, task, None, parts, split)


def _divided(data: str, task: Task, schema: Schema | None, parts: list[Part], split: Split) -> Dataset:
    whole = parts[0]
    codes = None if task.kind == "regression" else whole.target
    pieces = [whole.take(indices) for indices in split.divide(len(whole), codes, whole.time)]
    train, validation, test = (*pieces[:2], parts[1] if len(parts) > 1 else pieces[2])
    hold_classes(task, {"train": train.target, "test": test.target}, whole.time is not None)
    return Dataset(data, task, schema, train, validation, test)


def _without_label_end(frame: pd.DataFrame, target: str, said: SchemaFile) -> pd.DataFrame:
    if not said.label_end or not isinstance(frame.dtypes.get(target), pd.StringDtype):
        return frame
    return frame.assign(**{target: frame[target].str.removesuffix(said.label_end)})
