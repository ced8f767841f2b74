"""The house as a whole: floors, public names, entry points, environments."""

import ast
import importlib
import inspect
import re
import subprocess
import sys
import tomllib
from itertools import chain
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from checks import docs
from checks.conda import PYTHON, conda_yaml, pins
from checks.environments import OLDEST_MLFLOW

ROOT = Path(__file__).parents[1]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PROJECT = PYPROJECT["project"]
ENTRY_POINTS = yaml.safe_load((ROOT / "MLproject").read_text())["entry_points"]
PACKAGES = sorted(
    ".".join(path.parent.relative_to(ROOT).parts)
    for folder in ("mlflow_prod", "projects", "checks")
    for path in (ROOT / folder).rglob("__init__.py")
)
ROOMS = [name for name in PACKAGES if name.count(".") == 1]
SOURCES = sorted(path.relative_to(ROOT) for path in (ROOT / "mlflow_prod").rglob("*.py"))
# Each takes seconds to import, and most of the house does without.
HEAVY = {
    "tensorflow",
    "keras",
    "tf_keras",
    "keras_tuner",
    "shap",
    "evidently",
    "sklearn",
    "matplotlib",
    "mlflow",
}
LIGHT = [
    "stats",
    "evidence",
    "data",
    "encoder",
    "profile",
    "evaluate",
    "explain",
    "monitor",
    "registry",
    "report",
]


def run_in_checkout(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)


def locked(name: str = "requirements.lock") -> dict[str, Requirement]:
    return pins((ROOT / name).read_text())


# --- floors and public names


def test_imports_point_down_only():
    checked = run_in_checkout(str(Path(sys.executable).with_name("lint-imports")))
    assert checked.returncode == 0, checked.stdout


def test_every_room_is_on_a_floor():
    contracts = PYPROJECT["tool"]["importlinter"]["contracts"]
    floors = [floor.split(" | ") for contract in contracts for floor in contract.get("layers", [])]
    rooms = {f"mlflow_prod.{path.with_suffix('').parts[1]}" for path in SOURCES} - {"mlflow_prod.__init__"}
    assert rooms == set(chain.from_iterable(floors)) - {"projects"}


@pytest.mark.parametrize("name", PACKAGES)
def test_a_package_says_in_one_line_what_it_is(name):
    tree = ast.parse((ROOT / name.replace(".", "/") / "__init__.py").read_text())
    assert len((ast.get_docstring(tree) or "").splitlines()) == 1


@pytest.mark.parametrize("path", SOURCES, ids=str)
def test_a_module_has_a_docstring(path):
    assert ast.get_docstring(ast.parse((ROOT / path).read_text()))


@pytest.mark.parametrize("name", ROOMS)
def test_all_is_true_and_documented(name):
    room = importlib.import_module(name)
    assert len(room.__all__) == len(set(room.__all__))
    public = {name: getattr(room, name) for name in room.__all__}
    assert [name for name, thing in public.items() if callable(thing) and not inspect.getdoc(thing)] == []


def test_importing_the_package_imports_nothing_heavy():
    probe = f"import sys, mlflow_prod; print(sorted({HEAVY!r} & set(sys.modules)))"
    assert run_in_checkout(sys.executable, "-c", probe).stdout.strip() == "[]"


def test_a_numeric_room_imports_without_tensorflow_and_mlflow():
    imports = "; ".join(f"import mlflow_prod.{room}" for room in LIGHT)
    probe = f"import sys; {imports}; print(sorted({HEAVY!r} & set(sys.modules)))"
    checked = run_in_checkout(sys.executable, "-c", probe)
    assert checked.stdout.strip() == "[]", checked.stderr


# --- entry points


@pytest.mark.parametrize("name", ENTRY_POINTS)
def test_an_entry_point_has_a_script_a_test_and_a_description(name):
    assert (ROOT / "projects" / f"{name}.py").is_file()
    assert (ROOT / "tests" / "projects" / f"test_{name}.py").is_file()
    assert len(ENTRY_POINTS[name]["description"].splitlines()) == 1


def test_every_script_is_an_entry_point():
    scripts = {path.stem for path in (ROOT / "projects").glob("*.py") if "__main__" in path.read_text()}
    assert scripts == set(ENTRY_POINTS)


@pytest.mark.parametrize("name", ENTRY_POINTS)
def test_an_entry_point_has_the_parameters_of_its_function(name):
    from projects.entry_point import REQUIRED, parameters_of

    function = getattr(importlib.import_module(f"projects.{name}"), name)
    declared = {
        parameter: (described["type"], described.get("default"))
        for parameter, described in ENTRY_POINTS[name]["parameters"].items()
    }
    expected = {
        # MLproject knows no int, and its path and uri refuse `loans`.
        parameter: (
            "float" if annotation in (int, float) else "string",
            None if default is REQUIRED else default,
        )
        for parameter, annotation, default in parameters_of(function)
    }
    assert {key: (kind, as_text(value)) for key, (kind, value) in declared.items()} == {
        key: (kind, as_text(value)) for key, (kind, value) in expected.items()
    }


def test_every_parameter_is_described_once():
    from projects.parameters import MEANING

    assert set(MEANING) == {
        parameter for name in ENTRY_POINTS for parameter in ENTRY_POINTS[name]["parameters"]
    }


@pytest.mark.parametrize("name", ENTRY_POINTS)
def test_help_imports_nothing_heavy(name):
    probe = f"""
import runpy, sys
sys.argv[1:] = ["--help"]
try:
    runpy.run_module("projects.{name}", run_name="__main__")
except SystemExit:
    print("HEAVY", sorted({HEAVY!r} & set(sys.modules)))
"""
    checked = run_in_checkout(sys.executable, "-c", probe)
    assert checked.stdout.endswith("HEAVY []\n"), checked.stdout[-500:] + checked.stderr


@pytest.mark.parametrize("name", ENTRY_POINTS)
def test_an_entry_points_command_hands_over_every_parameter(name):
    command = ENTRY_POINTS[name]["command"].split()
    assert command[:3] == ["python", "-m", f"projects.{name}"]
    handed = dict(zip(command[3::2], command[4::2], strict=True))
    assert handed == {f"--{parameter}": f"{{{parameter}}}" for parameter in ENTRY_POINTS[name]["parameters"]}


def as_text(default: object) -> str:
    """A default as the command line spells it: true, 8, 0.001."""
    if isinstance(default, bool):
        return str(default).lower()
    return f"{default:g}" if isinstance(default, int | float) else str(default)


# --- environments


def test_conda_yaml_holds_what_the_lock_holds():
    assert (ROOT / "conda.yaml").read_text() == conda_yaml((ROOT / "requirements.lock").read_text())


def test_mlflow_reads_conda_yaml_as_one_python_environment():
    from mlflow.utils.environment import _PythonEnv

    environment = _PythonEnv.from_conda_yaml(str(ROOT / "conda.yaml"))
    assert environment.python == PYTHON
    assert environment.dependencies[-1] == "."
    assert len(environment.dependencies) > len(PROJECT["dependencies"])


@pytest.mark.parametrize(
    ("declared", "lock"),
    [
        *((text, "requirements.lock") for text in PROJECT["dependencies"]),
        *((text, "requirements-dev.lock") for text in PROJECT["optional-dependencies"]["dev"]),
    ],
)
def test_the_lock_satisfies_what_pyproject_declares(declared, lock):
    wanted = Requirement(declared)
    (pin,) = locked(lock)[canonicalize_name(wanted.name)].specifier
    assert wanted.specifier.contains(pin.version)


def test_the_oldest_mlflow_that_is_tried_is_the_oldest_declared():
    (declared,) = (wanted for wanted in map(Requirement, PROJECT["dependencies"]) if wanted.name == "mlflow")
    (oldest,) = (bound.version for bound in declared.specifier if bound.operator == ">=")
    assert f"{oldest}.0" == OLDEST_MLFLOW


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
def test_every_locked_package_has_a_hash(name):
    lock = (ROOT / name).read_text()
    blocks = re.split(r"\n(?=[a-z])", lock.partition("\n#    make lock\n")[2])
    assert [block.split()[0] for block in blocks if "--hash=sha256:" not in block] == []


def test_the_two_locks_pin_no_package_twice():
    assert not locked().keys() & locked("requirements-dev.lock").keys()


# --- documentation


def test_the_documentation_is_in_order(capsys):
    assert docs.main() == 0, capsys.readouterr().out
