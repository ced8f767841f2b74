import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics

from mlflow_prod.data import Task
from mlflow_prod.evaluate.tfma.area import area, area_edges
from mlflow_prod.evaluate.tfma.counts import AS_IT_IS, Plan

LABEL = Task("binary", "label", ("0", "1"))
ROWS = st.lists(st.tuples(st.booleans(), st.floats(0, 1), st.floats(0.1, 9)), min_size=2, max_size=60)


def counted(table, edges, weight=""):
    plan = Plan(((),), {AS_IT_IS: ()}, edges, edges, (bool(weight),))
    return plan.counted(table, LABEL, ["score"], weight)[AS_IT_IS, bool(weight)]


@settings(deadline=None, max_examples=50)
@given(ROWS, st.sampled_from([None, 2, 50, 200]))
def test_the_area_of_all_scores_is_within_the_bound(rows, bins):
    table = pd.DataFrame(rows, columns=["label", "score", "weight"]).astype({"label": int})
    if table["label"].nunique() < 2:
        return
    found = counted(table, area_edges(bins, ()), "weight")
    about = (table["label"], table["score"])
    peers = {"ROC": metrics.roc_auc_score, "PR": metrics.average_precision_score}
    for curve, peer in peers.items():
        (value, *_), bound = area(found, curve, "", bins, ())
        assert abs(value[0] - peer(*about, sample_weight=table["weight"])) <= bound[0] + 1e-9
    ends = [area(found, "ROC", how, bins, ())[0].value[0] for how in ("minoring", "", "majoring")]
    assert ends == sorted(ends)


def test_few_scores_have_the_very_area():
    table = pd.DataFrame({"label": [0, 0, 1, 1, 1, 0], "score": [0.1, 0.45, 0.35, 0.8, 0.9, 0.2]})
    found = counted(table, area_edges(None, ()))
    (value, *_), bound = area(found, "ROC", "", None, ())
    assert (value[0], bound[0]) == pytest.approx((metrics.roc_auc_score(table["label"], table["score"]), 0))


def test_edges_ascend_and_start_where_their_bins_do():
    edges = np.array(area_edges(None, ()))
    assert (np.diff(edges) > 0).all()
    assert edges[0] == 0
    # As they place a score, rounding and all.
    numbers = [int(edge * 10_000 + 1) for edge in edges[1:]]
    before = [int(np.nextafter(edge, 0) * 10_000 + 1) for edge in edges[1:]]
    assert [number - 1 for number in numbers] == before
