"""`schema.yaml`: what a person says about a file's columns."""

import string
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from mlflow_prod.data.schema import ROLES, TYPES
from mlflow_prod.errors import DataError, did_you_mean

KEYS = ("columns", "names", "separator", "missing", "comment", "test", "positive", "label_end")
COLUMN_KEYS = ("role", "type", "missing")
# What can part fields or start a comment: any other character is the fields' own.
SIGNS = set(string.punctuation) - {'"'}
MARKS = {"separator": SIGNS | {" ", "\t"}, "comment": SIGNS}


@dataclass(frozen=True)
class Declared:
    """What a schema file says about one column; "" where it leaves it to inference."""

    role: str = ""
    type: str = ""
    missing: tuple[str, ...] = ()


@dataclass(frozen=True)
class SchemaFile:
    """What a schema file says.

    Parameters
    ----------
    columns : by name; columns that are not named are inferred.
    names : of all columns in order, for a file without a header; empty where there is one.
    separator : between fields; "" to take the most frequent one of the first line.
    missing : texts that mean a missing value in any column, beside the usual ones.
    comment : a character that starts a comment, "" for none.
    test : path of a separate test file, relative to the data file; "" for none.
    positive : the class that counts as positive; "" to infer it.
    label_end : text that is cut off the end of labels (Adult's test labels end in a dot).
    path : the file.
    """

    columns: Mapping[str, Declared] = field(default_factory=dict)
    names: tuple[str, ...] = ()
    separator: str = ""
    missing: tuple[str, ...] = ()
    comment: str = ""
    test: str = ""
    positive: str = ""
    label_end: str = ""
    path: str = ""


def find_schema_file(data: Path, named: str) -> SchemaFile:
    """The file named, else one beside the data: `<file>.schema.yaml`, `schema.yaml`; else nothing said."""
    if named:
        path = Path(named)
        if not path.is_file():
            raise DataError(
                f"no schema file at {path}: give the path of a schema.yaml, or leave `schema` out"
            )
        return read_schema_file(path)
    data = data.absolute()
    beside = [
        data.with_name(f"{data.name}.schema.yaml"),
        data.with_name(f"{data.name.split('.')[0]}.schema.yaml"),
    ]
    beside.append(data / "schema.yaml" if data.is_dir() else data.with_name("schema.yaml"))
    return next((read_schema_file(path) for path in beside if path.is_file()), SchemaFile())


def read_schema_file(path: Path) -> SchemaFile:
    """Strict: raises DataError with file and line on an unknown or doubled key, or a wrong kind of value."""
    try:
        root = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as problem:
        raise DataError(f"{path}: not YAML: {' '.join(str(problem).split())}") from problem
    if root is None:
        return SchemaFile(path=str(path))
    values: dict[str, Any] = {"path": str(path)}
    for key, node in _pairs(path, root, KEYS, "the file"):
        if key == "columns":
            values[key] = {
                name: _column(path, name, entry) for name, entry in _pairs(path, node, None, "columns")
            }
        elif key == "names":
            values[key] = _names(path, node)
        elif key == "missing":
            values[key] = _texts(path, key, node)
        elif key in MARKS:
            values[key] = _mark(path, key, node)
        else:
            values[key] = _text(path, key, node)
    return SchemaFile(**values)


def _column(path: Path, name: str, node: yaml.Node) -> Declared:
    values: dict[str, Any] = {}
    for key, entry in _pairs(path, node, COLUMN_KEYS, f"column {name!r}"):
        if key == "missing":
            values[key] = _texts(path, key, entry)
            continue
        values[key] = _text(path, key, entry)
        known = ROLES if key == "role" else TYPES
        if values[key] not in known:
            hint = did_you_mean(values[key], known)
            raise DataError(f"{_at(path, entry)}: column {name!r}: unknown {key} {values[key]!r}; {hint}")
    return Declared(**values)


def _pairs(
    path: Path, node: yaml.Node, known: Iterable[str] | None, what: str
) -> list[tuple[str, yaml.Node]]:
    if not isinstance(node, yaml.MappingNode):
        raise DataError(f"{_at(path, node)}: {what} must be a mapping of keys to values")
    found: dict[str, yaml.Node] = {}
    for key_node, value in node.value:
        key = _text(path, what, key_node)
        if known is not None and key not in known:
            raise DataError(
                f"{_at(path, key_node)}: unknown key {key!r} in {what}; {did_you_mean(key, known)}"
            )
        if key in found:
            raise DataError(f"{_at(path, key_node)}: key {key!r} stands twice in {what}")
        found[key] = value
    return list(found.items())


def _names(path: Path, node: yaml.Node) -> tuple[str, ...]:
    names = tuple(name.strip() for name in _texts(path, "names", node))
    bad = next((name for name in names if not name or names.count(name) > 1), None)
    if bad is not None:
        rule = "names must give each column a name of its own"
        raise DataError(f"{_at(path, node)}: {rule}, and {bad!r} is empty or stands twice")
    return names


def _mark(path: Path, key: str, node: yaml.Node) -> str:
    text = _text(path, key, node)
    mark = text.strip(" ") or text[:1]
    if mark and mark not in MARKS[key]:
        raise DataError(f"{_at(path, node)}: {key} must be one sign, such as ; or |, got {text!r}")
    return mark


def _texts(path: Path, key: str, node: yaml.Node) -> tuple[str, ...]:
    if isinstance(node, yaml.SequenceNode):
        return tuple(_text(path, key, entry) for entry in node.value)
    return (_text(path, key, node),)


def _text(path: Path, key: str, node: yaml.Node) -> str:
    if not isinstance(node, yaml.ScalarNode):
        raise DataError(f"{_at(path, node)}: {key} must be a text")
    return str(node.value)


def _at(path: Path, node: yaml.Node) -> str:
    return f"{path}, line {node.start_mark.line + 1}"
