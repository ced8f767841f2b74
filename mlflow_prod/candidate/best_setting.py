"""Which of several ways to teach a student is the best, each tried in a child run."""

from collections.abc import Sequence
from dataclasses import asdict

import pandas as pd

from mlflow_prod.distill import Course, Setting
from mlflow_prod.errors import ModelError
from mlflow_prod.evidence import LOWER_IS_BETTER, Measure
from mlflow_prod.models import KerasModel
from mlflow_prod.tracking import Run, open_run
from mlflow_prod.train import History


def best_setting(
    run: Run, course: Course, settings: Sequence[Setting], seed: int
) -> tuple[Setting, KerasModel]:
    """The setting whose student is best on the validation rows, and that student.

    Losses under different temperatures do not compare, so that the course's figure decides; of equal ones
    the first. Logs `tables/settings.json` and `best/...`. A setting under which training broke is a child run
    marked FAILED; ModelError where it broke under all of them. One setting alone is trained in `run` itself.
    """
    if len(settings) == 1:
        student, history = course.taught(settings[0], seed)
        run.log_curves(history.curves)
        return settings[0], student
    done: dict[Setting, tuple[float, KerasModel, History]] = {}
    failures: dict[Setting, str] = {}
    for setting in settings:
        try:
            done[setting] = _tried(course, setting, seed)
            print(f"{setting}: validation {course.figure} {done[setting][0]:.4g}")
        except ModelError as problem:
            failures[setting] = str(problem)
            print(f"{setting}: {problem}")
    if not done:
        raise ModelError(f"no student could be trained; {settings[0]}: {failures[settings[0]]}")
    run.log_table(_table(course, settings, done, failures), "settings")
    best = (min if course.figure in LOWER_IS_BETTER else max)(done, key=lambda setting: done[setting][0])
    run.log_parameters({f"best/{name}": value for name, value in asdict(best).items()})
    run.log_curves(done[best][2].curves)
    return best, done[best][1]


def _tried(course: Course, setting: Setting, seed: int) -> tuple[float, KerasModel, History]:
    with open_run("distill", asdict(setting)) as child:
        child.rename(str(setting))
        student, history = course.taught(setting, seed, progress=False)
        figure = course.judged(student, course.validation)
        child.log_curves(history.curves)
        child.log_measures([Measure(f"validation/{course.figure}", figure)])
        return figure, student, history


def _table(
    course: Course,
    settings: Sequence[Setting],
    done: dict[Setting, tuple[float, KerasModel, History]],
    failures: dict[Setting, str],
) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "temperature": [setting.temperature for setting in settings],
            "alpha": [setting.alpha for setting in settings],
            f"validation/{course.figure}": [done[one][0] if one in done else None for one in settings],
            "error": [failures.get(setting, "") for setting in settings],
        }
    )
