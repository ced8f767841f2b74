from dataclasses import dataclass
from typing import Literal

import mlflow
import pytest

from mlflow_prod.errors import DataError
from projects.entry_point import entry_point, launch, parameters_of

pytestmark = pytest.mark.usefixtures("workplace")


@dataclass(frozen=True)
class Where:
    data: str = ""
    seed: int = 0


@entry_point
def bake(
    run, model: str, where: Where = Where(data="loans"), heat: float = 0.5, kind: Literal["a", "b"] = "a"
) -> tuple:
    """Bake."""
    if where.data == "nowhere":
        raise DataError("no data at nowhere")
    if where.data == "vast":
        raise MemoryError("Unable to allocate 3.64 TiB")
    if where.data == "slow":
        raise KeyboardInterrupt
    return run.id, model, where, heat, kind


def left_with(arguments):
    with pytest.raises(SystemExit) as left:
        launch(bake, arguments)
    return left.value.code


def runs():
    return mlflow.search_runs(output_format="list")


def test_a_dataclass_stands_for_its_fields():
    assert [(name, default) for name, _, default in parameters_of(bake)][1:] == [
        ("data", "loans"),
        ("seed", 0),
        ("heat", 0.5),
        ("kind", "a"),
    ]


def test_a_call_is_a_run_with_its_parameters():
    run_id, *given = bake("m", where=Where("digits", 3), heat=1.0)
    assert given == ["m", Where("digits", 3), 1.0, "a"]
    assert mlflow.get_run(run_id).data.params == {
        "model": "m",
        "data": "digits",
        "seed": "3",
        "heat": "1.0",
        "kind": "a",
    }


def test_the_command_line_gives_the_same_run():
    assert left_with(["--model", "m", "--data", "digits", "--seed", "3", "--heat", "1"]) == 0
    (run,) = runs()
    assert run.data.params == {"model": "m", "data": "digits", "seed": "3", "heat": "1.0", "kind": "a"}
    assert run.info.status == "FINISHED"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--model", "m", "--haet", "1"], "No such option '--haet'"),
        (["--model", "m", "--heat", "warm"], "Invalid value for '--heat': 'warm' is not a valid float"),
        (["--model", "m", "--heat", "nan"], "Invalid value for '--heat': nan is not finite"),
        (["--model", "m", "--heat", "-inf"], "Invalid value for '--heat': -inf is not finite"),
        (["--model", "m", "--seed", str(2**63)], "Invalid value for '--seed': 9223372036854775808 is beyond"),
        (["--model", "m", "--kind", "c"], "'c' is not one of 'a', 'b'"),
        ([], "Missing option '--model'"),
    ],
)
def test_wrong_parameters_are_named_before_anything_runs(arguments, said, capsys):
    assert left_with(arguments) == 2
    assert said in capsys.readouterr().err
    assert runs() == []


def test_what_a_person_can_mend_is_one_message_and_a_failed_run(capsys):
    assert left_with(["--model", "m", "--data", "nowhere"]) == 1
    assert capsys.readouterr().err == "error: no data at nowhere\n"
    (run,) = runs()
    assert (run.info.status, run.data.tags["error"]) == ("FAILED", "no data at nowhere")


def test_lack_of_memory_is_one_message_and_a_failed_run(capsys):
    assert left_with(["--model", "m", "--data", "vast"]) == 1
    said = "error: out of memory, give fewer rows or a smaller network: Unable to allocate 3.64 TiB\n"
    assert capsys.readouterr().err == said
    assert runs()[0].info.status == "FAILED"


def test_ctrl_c_ends_the_run_as_failed(capsys):
    assert left_with(["--model", "m", "--data", "slow"]) == 130
    assert "stopped" in capsys.readouterr().err
    assert runs()[0].info.status == "FAILED"
