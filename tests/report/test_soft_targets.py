import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text

from mlflow_prod import report
from mlflow_prod.data.task import Task
from mlflow_prod.errors import InvalidParameter


def drawn(classes, answers=None):
    task = Task("multiclass", "kind", tuple(f"class number {at}" for at in range(classes)))
    if answers is None:
        answers = np.random.default_rng(0).dirichlet([1] * classes, classes)
    figure = report.soft_targets(task, answers, 4.0)
    FigureCanvasAgg(figure).draw()
    return figure


@pytest.mark.parametrize("classes", [2, 10, 60])
def test_colours_are_those_of_wrong_answers(classes):
    answers = np.full((classes, classes), 0.1 / (classes - 1))
    np.fill_diagonal(answers, 0.9)
    answers[0, 1] = 0.05
    figure = drawn(classes, answers)
    (image,) = figure.axes[0].images
    assert image.get_clim() == (0, max(0.05, 0.1 / (classes - 1)))
    assert np.isnan(np.ma.filled(image.get_array(), np.nan).diagonal()).all()


def test_shares_are_written_where_they_can_be_read():
    texts = {text.get_text() for text in drawn(2, np.array([[0.8, 0.2], [0.034, 0.966]])).findobj(Text)}
    assert {"80%", "20%", "3.4%", "97%"} <= texts
    assert not [text.get_text() for text in drawn(30).axes[0].texts]


def test_marks_of_the_colours_are_not_rounded():
    figure = drawn(2, np.array([[0.8, 0.2], [0.034, 0.966]]))
    axis = figure.axes[1].yaxis
    told = [float(label.get_text().rstrip("%")) / 100 for label in axis.get_ticklabels()]
    np.testing.assert_allclose(told, axis.get_ticklocs(), atol=1e-9)
    assert 0.025 in told


def test_a_class_without_rows_and_a_teacher_without_doubts_are_drawn():
    lost = np.array([[0.8, 0.2], [np.nan, np.nan]])
    assert len(drawn(2, lost).axes[0].texts) == 2
    assert drawn(3, np.eye(3)).axes[0].images[0].get_clim() == (0, 1)


def test_numbers_and_other_shapes_are_refused():
    with pytest.raises(InvalidParameter, match="task must be binary or multiclass"):
        report.soft_targets(Task("regression", "y"), np.ones((1, 1)), 4.0)
    with pytest.raises(InvalidParameter, match=r"answers must be of shape \(2, 2\)"):
        drawn(2, np.ones((3, 3)))
