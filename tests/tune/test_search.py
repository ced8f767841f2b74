import math
from pathlib import Path

import keras
import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer
from sklearn.preprocessing import StandardScaler

from mlflow_prod.errors import InvalidParameter, ModelError
from mlflow_prod.train import fit
from mlflow_prod.tune import STRATEGIES, best, search

SWEEP = sorted(STRATEGIES)


def build(hp):
    network = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    network.compile(keras.optimizers.SGD(hp.Float("rate", 1e-3, 1.0, sampling="log")), "mse")
    hp.Int("size", 1, 20)
    hp.Boolean("deep")
    return network


def score(network, values):
    return abs(math.log10(values["rate"]) + 1) + values["size"]


def told(trials):
    return [(trial.number, trial.values, trial.score, trial.error) for trial in trials]


@pytest.mark.parametrize("strategy", SWEEP)
@pytest.mark.parametrize("seed", [0, 3])
def test_the_same_seed_proposes_the_same_trials(strategy, seed):
    runs = [
        search(build, score, strategy=strategy, trials=5, seed=s, maximise=False, progress=False)
        for s in (seed, seed, seed + 20)
    ]
    assert told(runs[0]) == told(runs[1])
    assert [trial.values for trial in runs[0]] != [trial.values for trial in runs[2]]


@pytest.mark.parametrize("strategy", SWEEP)
def test_no_trial_is_repeated_and_a_small_space_ends_early(strategy):
    def small(hp):
        hp.Choice("unit", [1, 2, 3])
        hp.Boolean("deep")
        return keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])

    trials = search(
        small, lambda n, v: v["unit"], strategy=strategy, trials=30, maximise=True, progress=False
    )
    tried = {tuple(sorted(trial.values.items())) for trial in trials}
    assert len(tried) == len(trials) <= 6


@pytest.mark.parametrize("strategy", SWEEP)
@pytest.mark.parametrize("maximise", [True, False])
def test_the_best_trial_keeps_its_network_and_no_other(strategy, maximise):
    seen = []
    trials = search(
        build, score, strategy=strategy, trials=6, maximise=maximise, on_trial=seen.append, progress=False
    )
    scores = [trial.score for trial in trials]
    winner = best(trials, maximise)
    assert winner.score == (max(scores) if maximise else min(scores))
    assert [trial.number for trial in trials if trial.network is not None] == [winner.number]
    assert winner.network is seen[winner.number].network
    assert float(winner.network.optimizer.learning_rate.numpy()) == pytest.approx(winner.values["rate"])
    assert told(seen) == told(trials)
    assert all(trial.network is not None for trial in seen)


@pytest.mark.parametrize("strategy", SWEEP)
def test_failed_trials_are_recorded_and_the_search_goes_on(strategy):
    calls = []

    def sometimes(network, values):
        calls.append(values)
        if len(calls) <= 5:
            raise RuntimeError("out of memory")
        return float("nan") if len(calls) == 6 else 1.0

    trials = search(build, sometimes, strategy=strategy, trials=8, maximise=True, progress=False)
    assert [trial.error for trial in trials] == ["RuntimeError: out of memory"] * 5 + ["the score is nan"] + [
        ""
    ] * 2
    assert [trial.score for trial in trials] == [None] * 6 + [1.0] * 2


def test_a_builder_that_fails_for_some_values_fails_only_those_trials():
    def fragile(hp):
        if hp.Int("size", 1, 20) > 10:
            raise ValueError("too large")
        return build(hp)

    trials = search(fragile, score, trials=8, maximise=False, progress=False)
    failed = {trial.number for trial in trials if trial.values["size"] > 10}
    assert failed == {trial.number for trial in trials if trial.error == "ValueError: too large"}
    assert 0 < len(failed) < 8


def test_when_every_trial_fails_the_reason_is_told_once():
    def never(network, values):
        raise RuntimeError("no data")

    with pytest.raises(ModelError, match=r"none of 3 trials gave a score: RuntimeError: no data$"):
        search(build, never, trials=3, maximise=True, progress=False)


def test_a_builder_that_fails_at_once_or_asks_for_nothing_is_refused():
    def broken(hp):
        raise KeyError("units")

    with pytest.raises(ModelError, match="the builder fails on default values: KeyError: 'units'"):
        search(broken, score, maximise=True, progress=False)
    with pytest.raises(ModelError, match="nothing to search"):
        search(lambda hp: keras.Sequential(), score, maximise=True, progress=False)


def test_ctrl_c_keeps_what_is_done():
    done = []

    def interrupted(network, values):
        if len(done) == 2:
            raise KeyboardInterrupt
        return 1.0

    with pytest.raises(KeyboardInterrupt):
        search(build, interrupted, trials=5, maximise=True, on_trial=done.append, progress=False)
    assert [trial.score for trial in done] == [1.0, 1.0]


def test_nothing_is_left_behind_and_only_progress_is_printed(tmp_path, monkeypatch, capsys):
    (tmp_path / "temporary").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    search(build, score, trials=2, maximise=True)
    assert [path.name for path in Path().rglob("*")] == ["temporary"]
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "2/2" in shown.err


def test_conditional_hyperparameters_appear_only_where_they_hold():
    def conditional(hp):
        kind = hp.Choice("kind", ["plain", "deep"])
        if kind == "deep":
            with hp.conditional_scope("kind", ["deep"]):
                hp.Int("depth", 2, 9)
        hp.Float("rate", 0.0, 1.0)
        return keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])

    trials = search(conditional, lambda n, v: v["rate"], trials=8, maximise=True, progress=False)
    assert {trial.values["kind"] for trial in trials} == {"plain", "deep"}
    assert all(("depth" in trial.values) == (trial.values["kind"] == "deep") for trial in trials)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"strategy": "randm"}, "strategy must be a known one \\(did you mean 'random'\\?\\), got 'randm'"),
        ({"trials": 0}, "trials must be >= 1, got 0"),
        ({"seed": -1}, "seed must be >= 0, got -1"),
    ],
)
def test_a_bad_parameter_names_itself(options, message):
    with pytest.raises(InvalidParameter, match=message):
        search(build, score, maximise=True, progress=False, **options)


def test_a_search_finds_a_learning_rate_that_learns():
    inputs, target = load_breast_cancer(return_X_y=True)
    inputs = StandardScaler().fit_transform(inputs).astype(np.float32)

    def logistic(hp):
        start = keras.initializers.GlorotUniform(seed=1)
        network = keras.Sequential(
            [keras.Input((30,)), keras.layers.Dense(1, "sigmoid", kernel_initializer=start)]
        )
        network.compile(keras.optimizers.SGD(hp.Choice("rate", [1e-6, 0.5])), "binary_crossentropy")
        return network

    def objective(network, values):
        fit(network, inputs[:400], target[:400], epochs=5, batch_size=50, progress=False)
        return np.mean((np.asarray(network(inputs[400:]))[:, 0] > 0.5) == target[400:])

    winner = best(search(logistic, objective, trials=4, maximise=True, progress=False), maximise=True)
    assert winner.values == {"rate": 0.5}
    assert winner.score > 0.9
