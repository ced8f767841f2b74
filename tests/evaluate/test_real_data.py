"""Data and models that somebody else made: published figures must come out, and those of other libraries."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from fairlearn.metrics import MetricFrame, demographic_parity_difference, selection_rate, true_positive_rate
from scipy.stats import fisher_exact
from sklearn import metrics
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from mlflow_prod.data import Task, load
from mlflow_prod.encoder import ImageEncoder
from mlflow_prod.evaluate import bands, count, evaluation, slices, worst

DATA = Path(__file__).parents[3] / "shared/data"
GERMAN = [
    "checking",
    "months",
    "history",
    "purpose",
    "amount",
    "savings",
    "employed",
    "rate",
    "sex",
    "others",
    "since",
]
GERMAN += ["property", "age", "plans", "housing", "credits", "job", "dependants", "phone", "foreign", "class"]


def needs(name):
    folder = DATA / name
    return pytest.param(folder, marks=pytest.mark.skipif(not folder.exists(), reason=f"no {folder}"))


@pytest.mark.parametrize("images", [needs("fashion-mnist")])
@pytest.mark.parametrize(("kind", "published"), [("keras", 0.9067), ("tflite", 0.9072)])
def test_a_foreign_network_has_its_published_accuracy(images, kind, published):
    from mlflow_prod.models import KerasModel
    from mlflow_prod.tflite import TFLiteModel

    dataset = load(str(images))
    encoder, file = ImageEncoder((28, 28, 1)), DATA / f"fashion-cnn/fashion_mnist_model.{kind}"
    if kind == "keras":
        import keras

        model = KerasModel(keras.saving.load_model(file, compile=False), encoder, dataset.task)
    else:
        model = TFLiteModel(file.read_bytes(), encoder, dataset.task)
    part = dataset.test
    scores = model.predict(part.features)
    found = {measure.name: measure for measure in evaluation(dataset.task, part.target, scores, part.groups)}
    accuracy = found["accuracy"]
    assert len(part) == accuracy.n == 10_000
    assert accuracy.value == pytest.approx(published, abs=5e-5)
    assert accuracy.low < 0.9067 < accuracy.high and accuracy.low < 0.9072 < accuracy.high
    assert found["balanced_accuracy"].value == pytest.approx(
        metrics.balanced_accuracy_score(part.target, scores.argmax(axis=1)), abs=1e-12
    )
    assert found["log_loss"].value == pytest.approx(metrics.log_loss(part.target, scores), rel=1e-5)


def german(folder):
    table = pd.read_csv(folder / "german.data", sep=" ", header=None, names=GERMAN)
    sex = table["sex"].map(lambda code: "Female" if code == "A92" else "Male")
    return table.assign(sex=sex, age=np.where(table["age"] < 26, "young", "older")), "class", ("2", "1")


def adult(folder):
    names = [line.split(":")[0] for line in (folder / "adult.names").read_text().splitlines()[-14:]]
    table = pd.read_csv(folder / "adult.data.gz", names=[*names, "label"], sep=", ", engine="python")
    return table.assign(label=(table["label"] == ">50K").astype(int)), "label", ("0", "1")


def scored(table, target, classes):
    """Half of the rows, scored by a model of the others; `truth` is 1 where they are of the second class."""
    label = (table[target].astype(str) == classes[1]).astype(int)
    inputs = table.drop(columns=target)
    numbers = inputs.select_dtypes("number").columns
    model = make_pipeline(
        make_column_transformer(
            (StandardScaler(), numbers),
            (OneHotEncoder(handle_unknown="ignore"), [name for name in inputs if name not in numbers]),
        ),
        LogisticRegression(max_iter=500),
    )
    half = np.random.default_rng(0).random(len(table)) < 0.5
    clean = inputs.fillna({name: "?" for name in inputs if name not in numbers}).fillna(0)
    score = model.fit(clean[half], label[half]).predict_proba(clean[~half])[:, 1]
    return table[~half].assign(score=score, truth=label[~half])


@pytest.mark.parametrize(
    ("folder", "read", "columns"),
    [
        pytest.param(*needs("german-credit").values, german, ["sex", "age", "foreign"], id="german",
                     marks=needs("german-credit").marks),
        pytest.param(*needs("adult").values, adult, ["sex", "race"], id="adult", marks=needs("adult").marks),
    ],
)  # fmt: skip
def test_slices_of_real_people_are_those_of_fairlearn(folder, read, columns):
    table, target, classes = read(folder)
    held = scored(table, target, classes)
    truth, score = held.pop("truth"), held["score"].to_numpy()
    chosen = score >= 0.5
    found = slices(count(held, Task("binary", target, classes), "score", columns, crosses=2))
    for name in columns:
        frame = MetricFrame(
            metrics={"positive_rate": selection_rate, "true_positive_rate": true_positive_rate,
                     "accuracy": metrics.accuracy_score},
            y_true=truth, y_pred=chosen, sensitive_features=held[name].astype(str),
        )  # fmt: skip
        alone = found[found[name].notna() & (found[columns].notna().sum(axis=1) == 1)].set_index(name)
        assert len(alone) == len(frame.by_group)
        for group, row in frame.by_group.iterrows():
            for figure, value in row.items():
                assert alone.loc[group, figure] == pytest.approx(value, abs=1e-12, nan_ok=True), (
                    group,
                    figure,
                )
        gap = alone["positive_rate"].max() - alone["positive_rate"].min()
        theirs = demographic_parity_difference(truth, chosen, sensitive_features=held[name].astype(str))
        assert gap == pytest.approx(theirs, abs=1e-12)
    both = found[found[columns[:2]].notna().all(axis=1)]
    for _, row in both[both["rows"] > 50].iterrows():
        rows = (held[columns[0]].astype(str) == row[columns[0]]) & (
            held[columns[1]].astype(str) == row[columns[1]]
        )
        if truth[rows].value_counts().min() < 2:
            assert np.isnan(row["auc"])
            continue
        area = metrics.roc_auc_score(truth[rows], score[rows.to_numpy()])
        assert abs(row["auc"] - area) <= row["auc_bound"] + 1e-12
        assert row["auc_low"] <= row["auc"] <= row["auc_high"]


@pytest.mark.parametrize("folder", [needs("adult")])
def test_the_worst_slices_of_real_people_are_not_one_by_several_names(folder):
    held = scored(*adult(folder))
    columns = ["age", "education", "marital-status", "relationship", "race", "sex", "capital-gain"]
    found = worst(held, Task("binary", "label", ("0", "1")), "score", columns)
    cuts = {cut.name: cut.of(pa.RecordBatch.from_pandas(held)).to_pandas() for cut in bands(held, columns)}
    told = {f"{name} {one}": (of == one).to_numpy() for name, of in cuts.items() for one in set(of)}
    inside = [np.logical_and.reduce([told[text] for text in cut.split(", ")]) for cut in found["slice"]]
    assert [rows.sum() for rows in inside] == found["rows"].tolist() and len(inside) >= 5
    missed = (held["score"] >= 0.5) != held["truth"]
    for at, one in enumerate(inside):
        # Those that hold all of its rows are set against it by themselves.
        above = [other for other in inside[:at] if (one & other).any() and (one & ~other).any()]
        left = ~np.logical_or.reduce([np.zeros(len(held), bool), *above])
        counts = [[(missed & of & left).sum(), (~missed & of & left).sum()] for of in (one, ~one)]
        assert fisher_exact(counts, alternative="greater").pvalue <= 0.001
        # Nearly all husbands are married, and nearly all of the married who are searched are husbands.
        apart = (other for other in above if (other & ~one).any())
        assert all((one & other).sum() < 0.75 * (one | other).sum() for other in apart)
