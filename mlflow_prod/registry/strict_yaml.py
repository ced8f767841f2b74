"""YAML read strictly: each value with the line it stands on, and no key twice."""

from typing import Any

import yaml

from mlflow_prod.errors import PolicyError

Place = tuple[str | int, ...]


def read(text: str, file: str) -> tuple[Any, dict[Place, int]]:
    """(plain values, line by place, from 1). Raises PolicyError naming file and line."""
    lines: dict[Place, int] = {(): 1}
    try:
        loader = yaml.SafeLoader(text)
        root = loader.get_single_node()
        return (None if root is None else _value(root, (), lines, loader, file)), lines
    except PolicyError:
        raise
    except yaml.MarkedYAMLError as problem:
        line = problem.problem_mark.line + 1 if problem.problem_mark else 1
        raise PolicyError(f"{file}, line {line}: not YAML: {problem.problem}") from problem
    except (yaml.YAMLError, RecursionError, ValueError) as problem:
        raise PolicyError(f"{file}, line {max(lines.values())}: not YAML: {problem}") from problem


def _value(node: yaml.Node, place: Place, lines: dict[Place, int], loader: yaml.SafeLoader, file: str) -> Any:
    lines[place] = node.start_mark.line + 1
    if isinstance(node, yaml.SequenceNode):
        return [_value(item, (*place, i), lines, loader, file) for i, item in enumerate(node.value)]
    if not isinstance(node, yaml.MappingNode):
        return loader.construct_object(node)
    values: dict[str, Any] = {}
    for key, item in node.value:
        line = key.start_mark.line + 1
        if not isinstance(key, yaml.ScalarNode):
            raise PolicyError(f"{file}, line {line}: a key must be a word, not a list or a mapping")
        if key.tag == "tag:yaml.org,2002:merge":
            raise PolicyError(
                f"{file}, line {line}: {spell((*place, key.value))}: merging is not known, write it out"
            )
        if key.value in values:
            raise PolicyError(f"{file}, line {line}: {spell((*place, key.value))}: stands twice; keep one")
        values[key.value] = _value(item, (*place, key.value), lines, loader, file)
        # An error at a key reads best on the key's own line, which may lie above its value's.
        lines[(*place, key.value)] = line
    return values


def spell(place: Place) -> str:
    """A place as it is spoken of.

    >>> spell(("models", "loans", "require", 0, "at_least"))
    'models.loans.require[0].at_least'
    """
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place).lstrip(".")
