import numpy as np
import pytest
from scipy.stats import ks_2samp
from sklearn.linear_model import LogisticRegression

from mlflow_prod.data import Loans, load, load_batch
from mlflow_prod.errors import DataError

NUMBERS = ["income", "amount", "debt_ratio", "credit_score", "late_payments", "years_employed", "age"]


def repaid(frame):
    return (frame["repaid"] == "yes").to_numpy()


def logits(frame):
    """f(x) as the file's head gives it, of rows without missing values."""
    z4 = (frame["credit_score"] - 620) / 70
    f = 0.5 + 0.8 * np.log(frame["income"] / 3200) / 0.5 - 0.6 * np.log(frame["amount"] / 9000) / 0.6
    f += -0.7 * np.log(frame["debt_ratio"] / (0.6 - frame["debt_ratio"])) + 1.0 * z4
    f += (
        -0.5 * frame["late_payments"].clip(upper=5) + 0.1 * frame["years_employed"] + 0.5 * frame["homeowner"]
    )
    f += frame["employment"].map({"salaried": 0.3, "self_employed": 0, "temporary": -0.4, "unemployed": -1.0})
    return f + frame["purpose"].map({"car": 0.1, "home": 0.3, "education": 0, "business": -0.4, "other": 0})


@pytest.mark.parametrize("bias", [0.0, 0.8])
def test_the_label_follows_the_documented_formula(bias):
    frame = Loans(bias=bias).make(3).dropna()
    female = (frame["sex"] == "Female").to_numpy()
    design = np.column_stack([logits(frame), female])
    usable = np.isfinite(design).all(axis=1) & frame["credit_score"].between(301, 849)
    fitted = LogisticRegression(C=1e6).fit(design[usable], repaid(frame)[usable])
    assert fitted.coef_[0] == pytest.approx([1.0, -bias], abs=0.06)
    assert fitted.intercept_[0] == pytest.approx(0.0, abs=0.06)


def test_the_same_seed_makes_the_same_rows_and_another_others():
    loans = Loans(rows=500)
    assert loans.make(1).equals(loans.make(1))
    assert not loans.make(1)["income"].equals(loans.make(2)["income"])


def test_a_batch_repeats_no_training_row_and_comes_from_the_same_distribution():
    first, batch = Loans(rows=20_000).make(1), Loans(rows=20_000, batch=1).make(1)
    assert not set(first["application_id"]) & set(batch["application_id"])
    for name in NUMBERS:
        assert ks_2samp(first[name].dropna(), batch[name].dropna()).pvalue > 1e-3
    assert not first["amount"].isin(batch["amount"]).all()


def test_covariate_drift_moves_the_inputs_and_keeps_the_label_s_formula():
    plain, moved = Loans(rows=30_000).make(1), Loans(rows=30_000, drift=("covariate",)).make(1)
    for name in ("income", "amount", "debt_ratio", "late_payments"):
        assert ks_2samp(plain[name].dropna(), moved[name].dropna()).statistic > 0.2
    assert ks_2samp(plain["credit_score"], moved["credit_score"]).pvalue > 1e-3
    moved = moved.dropna()
    share = 1 / (1 + np.exp(-(logits(moved) - 0.8 * (moved["sex"] == "Female"))))
    assert repaid(moved).mean() == pytest.approx(share.mean(), abs=0.01)


def test_prior_drift_changes_the_share_of_classes_and_nothing_within_them():
    plain, moved = Loans(rows=30_000).make(1), Loans(rows=30_000, drift=("prior",)).make(1)
    odds = [repaid(frame).mean() / (1 - repaid(frame).mean()) for frame in (plain, moved)]
    assert odds[1] / odds[0] == pytest.approx(0.4, rel=0.06)
    assert moved["application_id"].is_unique
    for label in ("yes", "no"):
        of = [frame.loc[frame["repaid"] == label, "credit_score"] for frame in (plain, moved)]
        assert ks_2samp(*of).pvalue > 1e-3


def test_concept_drift_changes_the_label_s_formula_and_no_input():
    plain, moved = Loans(rows=30_000).make(1), Loans(rows=30_000, drift=("concept",)).make(1)
    assert plain.drop(columns="repaid").equals(moved.drop(columns="repaid"))
    scores = [np.corrcoef(frame["credit_score"], repaid(frame))[0, 1] for frame in (plain, moved)]
    assert scores[0] > 0.3 > 0.1 > scores[1]


def test_the_test_part_holds_at_least_4000_positives_of_each_sex():
    test = load("loans").test
    assert test.groups["sex"][test.target == 1].value_counts().min() >= 4_000


def test_options_in_the_name_reach_the_generator():
    dataset = load("loans?bias=0&rows=5000")
    assert len(dataset.train) + len(dataset.validation) + len(dataset.test) == 5_000
    batch = load_batch("loans?rows=700&drift=covariate,prior&batch=4", dataset.schema, dataset.task)
    assert len(batch) == 700
    assert batch.target.mean() < 0.4


def test_a_batch_is_no_training_data_unless_asked_for():
    dataset = load("loans?rows=2000", seed=5)
    batch = load_batch("loans?rows=2000", dataset.schema, dataset.task, seed=5)
    assert not batch.features["amount"].isin(dataset.train.features["amount"]).mean() > 0.1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("bais=0.4", "unknown option 'bais'; did you mean 'bias'"),
        ("bias=strong", "bias must be a number, got 'strong'"),
        ("bias=nan", "bias must be a finite number"),
        ("rows=many", "rows must be a number, got 'many'"),
        ("rows=0", "rows must be from 1 to 10000000, got 0"),
        ("rows=100000000000", "rows must be from 1 to 10000000, got 100000000000"),
        ("rows=1.5", "rows must be a number"),
        ("batch=-1", "batch must be >= 0"),
        ("drift=concpt", "unknown drift 'concpt'; did you mean 'concept'"),
        ("rows", "must be written name=value"),
        ("rows=3&rows=4", "names an option twice"),
    ],
)
def test_a_bad_option_is_named(options, message):
    with pytest.raises(DataError, match=message):
        load(f"loans?{options}")
