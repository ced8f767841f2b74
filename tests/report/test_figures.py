import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import PathCollection
from matplotlib.text import Text

from mlflow_prod import report
from mlflow_prod.data.task import Task
from mlflow_prod.errors import InvalidParameter
from mlflow_prod.evaluate import evaluation, fairness, reliability, slices
from mlflow_prod.explain import Attribution, explain
from mlflow_prod.monitor import compare
from mlflow_prod.profile import Baseline, Profile
from tests.report import findings as made

BINARY = Task("binary", "repaid", ("no", "yes"))
THREE = Task("multiclass", "kind", ("a", "b", "a rather long name of a class"))
PRICE = Task("regression", "price")


def _rng():
    return np.random.default_rng(0)


def _measures(task, columns=("sex",), groups=2, n=400):
    rng = _rng()
    table = pd.DataFrame({name: rng.choice([f"group {at}" for at in range(groups)], n) for name in columns})
    if task.kind == "regression":
        target, scores = rng.normal(size=n), rng.normal(size=n)
    else:
        target = rng.integers(0, len(task.classes), n)
        scores = rng.random(n) if task.kind == "binary" else rng.dirichlet([1] * len(task.classes), n)
    nothing = pd.DataFrame(index=range(n))
    table = table if columns else nothing
    return evaluation(task, target, scores, table) + fairness(task, target, scores, table)


def _texts(figure):
    return {text.get_text() for text in figure.findobj(Text)}


def _touches_the_edge(figure):
    """Whether ink lies in the outermost pixels, as it does where a text is cut off."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    pixels = np.asarray(canvas.buffer_rgba())[:, :, :3]
    edges = (pixels[:2], pixels[-2:], pixels[:, :2], pixels[:, -2:])
    return any((edge != 255).any() for edge in edges)


def _drift(shift=0.0, columns=3):
    rng = _rng()
    names = [f"column {at} with a name longer than most" for at in range(columns)]
    base = pd.DataFrame({name: rng.normal(size=500) for name in names})
    baseline = Baseline.of(Profile.of(base))
    return compare(baseline, Profile.of(base.assign(**{names[0]: base[names[0]] + shift})))


def _attribution(classes=0, columns=4):
    rng = _rng()
    weights = rng.normal(size=(columns, classes or 1))
    rows, background = rng.normal(size=(40, columns)), rng.normal(size=(10, columns))
    names = [f"column {at} with a name longer than most" for at in range(columns)]
    return explain(lambda m: m @ weights if classes else (m @ weights)[:, 0], rows, background, names)


def _front(count):
    """As `compress.front_table` gives it."""
    rng = _rng()
    loss = rng.normal(0.005, 0.005, count)
    size = np.sort(rng.lognormal(10, 1, count))
    return pd.DataFrame(
        {
            "recipe": [f"prune(0.75)+cluster({at})+qat+int8" for at in range(count)],
            **{"loss": loss, "loss_low": loss - 0.002, "loss_high": loss + 0.002},
            **{"bytes": 2 * size, "gzip_bytes": size, "latency": rng.lognormal(-3, 1, count)},
            **{"on_front": np.arange(count) % 2 == 0, "chosen": np.arange(count) == count // 2},
        }
    )


def _importances(count):
    names = [f"column {at} with a name longer than most" for at in range(count)]
    return dict(zip(names, _rng().random(count), strict=True)), dict.fromkeys(names, 0.5)


FIGURES = {
    "slices": lambda: report.slices(_measures(BINARY, ("sex", "race"), 6)),
    "slices of one measure": lambda: report.slices(_measures(BINARY), ["positive_rate"]),
    "many slices": lambda: report.slices(_measures(BINARY, ("town",), 60, n=6_000)),
    "slices of a regression": lambda: report.slices(_measures(PRICE)),
    "slices of several classes": lambda: report.slices(_measures(THREE)),
    "no slices, two classes": lambda: report.slices(_measures(BINARY, ())),
    "no slices, several classes": lambda: report.slices(_measures(THREE, ())),
    "no slices, regression": lambda: report.slices(_measures(PRICE, ())),
    "drift": lambda: report.drift(_drift(1.0)),
    "no drift": lambda: report.drift(_drift()),
    "drift of many columns": lambda: report.drift(_drift(1.0, 45)),
    "confusion of two": lambda: report.confusion(BINARY, np.array([0, 1, 1]), np.array([0.1, 0.8, 0.2])),
    "confusion of three": lambda: report.confusion(THREE, np.array([0, 1, 2]), np.eye(3)),
    "confusion of sixty": lambda: report.confusion(
        Task("multiclass", "kind", tuple(f"class {at}" for at in range(60))), np.arange(60), np.eye(60)
    ),
    "calibration": lambda: report.calibration(made.usual()[1]),
    "calibration by group": lambda: report.calibration(made.usual()[1], ["sex", "town"]),
    "calibration of few": lambda: report.calibration(reliability(made.counted(made.rows(12), ["sex"]))),
    "thresholds": lambda: report.thresholds(made.usual()[0], made.parity(), "sex"),
    "thresholds without comparisons": lambda: report.thresholds(made.usual()[0], made.parity("age"), "sex"),
    "thresholds of many groups": lambda: report.thresholds(
        slices(made.counted(made.rows(towns=12), ["town"])), made.parity("town"), "town"
    ),
    "over time": lambda: report.over_time(made.over_time(), made.findings().decided.iloc[0]),
    "over time of one window": lambda: report.over_time(made.over_time(1), pd.Series(), ["accuracy"]),
    "over time of many windows": lambda: report.over_time(made.over_time(900), pd.Series()),
    "trade-off": lambda: report.trade_off(made.trade_off()),
    "front": lambda: report.front(_front(10), 0.01),
    "front of one": lambda: report.front(_front(1), 0.01),
    "front of equals": lambda: report.front(_front(6).assign(bytes=7.0, loss=0.0), 0.0),
    "front of many": lambda: report.front(_front(40), 0.01),
    "before and after": lambda: report.before_and_after({"a": 1.0, "b": 0.5}, {"a": 0.2, "b": 0.7}),
    "before and after of many columns": lambda: report.before_and_after(*_importances(40)),
    "worst": lambda: report.worst(made.worst(0.001, 0.2)),
    "worst of many": lambda: report.worst(made.worst(*np.linspace(0.1, 1, 60))),
    "next work": lambda: report.next_work(made.next_work(40)),
    "attributions": lambda: report.attributions(_attribution()),
    "attributions of one column": lambda: report.attributions(_attribution(columns=1)),
    "attributions of many columns": lambda: report.attributions(_attribution(columns=40)),
    "attributions of classes": lambda: report.attributions(_attribution(3), ["a", "b", "c"]),
    "attributions of images": lambda: report.attributions(
        explain(
            lambda m: m.reshape(len(m), -1)[:, :12], _rng().random((9, 8, 8, 1)), np.zeros((1, 8, 8, 1)), ()
        )
    ),
    "attributions of images with one answer": lambda: report.attributions(
        explain(lambda m: m.mean(axis=(1, 2, 3)), _rng().random((9, 8, 8, 1)), np.zeros((1, 8, 8, 1)), ())
    ),
}


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_is_drawn_whole(name):
    figure = FIGURES[name]()
    assert figure.axes and not _touches_the_edge(figure)


def test_slices_show_each_slice_beside_all_rows():
    texts = _texts(FIGURES["slices"]())
    assert {"all rows", "sex group 0", "race group 5", "accuracy", "true positive rate"} <= texts


def test_of_many_slices_forty_are_drawn_and_the_figure_says_so():
    texts = _texts(FIGURES["many slices"]())
    assert sum(text.startswith("town ") for text in texts) == 40
    assert any(text.startswith("40 of 60 slices") for text in texts)


def test_a_slice_apart_from_all_rows_has_another_colour():
    scores = np.where(np.arange(400) < 200, 0.9, 0.1)
    groups = pd.DataFrame({"sex": ["Female"] * 200 + ["Male"] * 200})
    figure = report.slices(fairness(BINARY, np.tile([0, 1], 200), scores, groups), ["positive_rate"])
    colors = {line.get_color() for line in figure.axes[0].lines}
    assert report.style.ORANGE in colors


def test_slices_that_may_be_chance_are_not_told_as_worse():
    assert "1 slice worse than the rest" in _texts(FIGURES["worst"]())
    assert "No slice is surely worse than the rest" in _texts(FIGURES["worst of many"]())


def test_a_line_shows_the_figures_of_its_table():
    axes = FIGURES["over time"]().axes[0]
    shown = [line.get_ydata() for line in axes.lines if len(line.get_ydata()) == 20]
    assert np.allclose(shown, [made.over_time()["accuracy"]])
    rates = slices(made.counted(made.rows(), ["sex"])).set_index("sex").loc["Female"]
    above = FIGURES["thresholds"]().axes[0]
    drawn = {line.get_label(): line.get_ydata() for line in above.lines}
    assert np.allclose(drawn["Female"], [rates[f"positive_rate_at_{at:g}"] for at in made.TENTHS])


def test_the_front_says_who_is_chosen_or_that_nobody_is():
    assert "prune(0.75)+cluster(5)+qat+int8 is chosen" in _texts(FIGURES["front"]())
    nobody = report.front(_front(4).assign(chosen=False), 0.0)
    assert "No recipe loses little enough" in _texts(nobody)


def test_each_recipe_has_its_place_in_each_panel_under_its_number():
    figure, table = FIGURES["front"](), _front(10)
    for axes, costs in zip(
        figure.axes, (table["bytes"] / 1e3, table["gzip_bytes"] / 1e3, table["latency"]), strict=False
    ):
        points = [part.get_offsets()[0] for part in axes.collections if isinstance(part, PathCollection)]
        assert np.allclose(points, np.column_stack([costs, table["loss"]]))
        assert {text.get_text() for text in axes.texts} == set(map(str, range(1, 11)))


def test_before_and_after_draws_what_mattered_most_to_the_original():
    before, after = _importances(40)
    figure = report.before_and_after(before, after)
    (first, second) = figure.axes[0].collections[1:3]
    assert np.allclose(first.get_offsets()[:, 0], sorted(before.values(), reverse=True)[:15])
    assert np.allclose(second.get_offsets()[:, 0], 0.5)


def test_drift_says_how_many_columns_have_moved():
    assert "1 of 3 columns have drifted" in _texts(FIGURES["drift"]())
    assert "No column has drifted" in _texts(FIGURES["no drift"]())


def test_confusion_shares_are_of_each_true_class():
    figure = report.confusion(BINARY, np.array([0, 0, 0, 0, 1]), np.array([0.1, 0.1, 0.1, 0.9, 0.5]))
    assert {"75%\n3", "25%\n1", "100%\n1"} <= _texts(figure)


def test_dots_span_the_whole_range_of_colours():
    dots = report.attributions(_attribution()).findobj(PathCollection)
    shades = np.concatenate([part.get_array() for part in dots])
    assert shades.min() < 0.1 and shades.max() > 0.9


def test_a_column_that_never_matters_is_drawn_as_nothing():
    zeros = np.zeros((5, 2))
    figure = report.attributions(Attribution(zeros, np.zeros(()), np.zeros(5), zeros, ("a", "b")))
    assert {"a", "b"} <= _texts(figure)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: report.slices(_measures(BINARY), ["acuracy"]), "did you mean 'accuracy'"),
        (lambda: report.drift([]), "what monitor.compare returned"),
        (lambda: report.confusion(PRICE, np.ones(3), np.ones(3)), "binary or multiclass"),
        (lambda: report.calibration(made.usual()[1].head(0)), "one with rows"),
        (lambda: report.calibration(made.worst(0.1)), "the column 'said'"),
        (
            lambda: report.thresholds(made.usual()[0], made.parity(), "age"),
            "column must be one that was counted",
        ),
        (lambda: report.over_time(made.over_time(0), pd.Series()), "one with windows and figures"),
        (lambda: report.over_time(made.over_time(), pd.Series(), ["acuracy"]), "did you mean 'accuracy'"),
        (lambda: report.trade_off(made.trade_off().head(0)), "one with points"),
        (lambda: report.front(_front(3).head(0), 0.1), "one with recipes"),
        (lambda: report.front(_front(3).assign(latency=0.0), 0.1), "table: latency must be > 0"),
        (lambda: report.front(_front(3).drop(columns="latency"), 0.1), "the column 'latency'"),
        (lambda: report.before_and_after({"a": 1.0}, {"b": 1.0}), "after must be of the columns a"),
        (lambda: report.before_and_after({}, {}), "after must be of the columns"),
        (lambda: report.worst(made.worst()), "one with slices"),
        (lambda: report.next_work(made.next_work().assign(gain=0.0)), "falls short of its reference"),
    ],
)
def test_what_cannot_be_drawn_is_refused(call, message):
    with pytest.raises(InvalidParameter, match=message):
        call()


def test_nothing_here_loads_pyplot():
    code = "import sys, pandas, mlflow_prod.report as r;"
    code += "r.trade_off(pandas.DataFrame({'gap': [0], 'accuracy': [1]}));"
    code += "sys.exit('matplotlib.pyplot' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
