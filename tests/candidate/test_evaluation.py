import numpy as np
import pandas as pd
import pytest

from mlflow_prod.candidate.evaluation import OF_CLASSES
from mlflow_prod.data import Task
from mlflow_prod.evaluate import evaluation, fairness

GROUPS = pd.DataFrame({"sex": ["Female", "Male"] * 60})


@pytest.mark.parametrize("classes", [("no", "yes"), ("a", "b", "c")])
def test_what_is_kept_of_classes_alone_depends_on_nothing_but_the_classes(classes):
    kind = "binary" if len(classes) == 2 else "multiclass"
    task, rng = Task(kind, "y", classes), np.random.default_rng(0)
    target = rng.integers(0, len(classes), 120)
    each = rng.dirichlet(np.ones(len(classes)), 120)
    # Other probabilities in another order of the rows, the same classes.
    sharper = each ** rng.uniform(1, 5, (120, 1))
    sharper /= sharper.sum(axis=1, keepdims=True)
    found = []
    for scores in (each, sharper):
        scores = scores[:, 1] if kind == "binary" else scores
        measures = [
            *evaluation(task, target, scores, GROUPS),
            *fairness(task, target, scores, GROUPS),
        ]
        found.append({measure.title: (measure.name, measure.value) for measure in measures})
    for title, (name, value) in found[0].items():
        assert bool(OF_CLASSES.fullmatch(name)) == (value == found[1][title][1]), title
