"""Every member of a family passes every check of its family. Members are found, so a new one is swept too."""

import copy
import functools
import importlib
import inspect
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import mlflow_prod
from mlflow_prod import compress, data, distribute, encoder, models, tflite, train, tune
from mlflow_prod.compress import Converter, Recipe, Step, Training
from mlflow_prod.encoder import Encoder
from mlflow_prod.errors import DataError, ModelError
from mlflow_prod.flavor import Predictor
from mlflow_prod.models.bridge import from_tf_keras, to_tf_keras
from mlflow_prod.tflite import TFLiteFile, contents

HOUSE = Path(mlflow_prod.__file__).parent
# One data set for each kind of task; tables and images, numbers, categories and booleans.
DATA = ("loans", "digits", "diabetes")


def members(protocol):
    """The public classes that have the protocol's methods, by name, each with the room that made it."""
    methods = [name for name, thing in vars(protocol).items() if inspect.isfunction(thing) and name[0] != "_"]
    rooms = [
        importlib.import_module(f"mlflow_prod.{path.parent.name}") for path in HOUSE.glob("*/__init__.py")
    ]
    return {
        name: room
        for room in sorted(rooms, key=lambda room: room.__name__)
        for name in room.__all__
        if inspect.isclass(made := getattr(room, name))
        and made is not protocol
        and made.__module__.startswith(f"{room.__name__}.")
        and all(callable(getattr(made, method, None)) for method in methods)
    }


CONVERTERS, ENCODERS, PREDICTORS, STEPS = (
    members(protocol) for protocol in (Converter, Encoder, Predictor, Step)
)


# --- what the members are tried on


def as_learnt(learnt, rows):
    return learnt


def reduced(learnt, rows):
    mean = rows.mean(axis=0)
    return learnt.with_projection(mean, np.linalg.svd(rows - mean, full_matrices=False)[2][:3])


# A new member adds its line: what it encodes and how it comes from what `fit` learns; how it is constructed.
EXAMPLES = {
    "TableEncoder": [("loans", as_learnt), ("diabetes", as_learnt), ("loans", reduced)],
    "ImageEncoder": [("digits", as_learnt)],
}
MADE_FROM = {
    "KerasModel": lambda case, file: models.KerasModel(case.network, case.encoder, case.data.task),
    "TFLiteModel": lambda case, file: tflite.TFLiteModel(file, case.encoder, case.data.task),
}
ENCODER_EXAMPLES = {
    f"{member}-{name}-{made.__name__}": (member, name, made)
    for member in ENCODERS
    for name, made in EXAMPLES.get(member, [])
}


@dataclass(frozen=True)
class Case:
    """A small data set with an encoder and a network that have learnt from it."""

    data: data.Dataset
    encoder: Encoder
    network: object

    @property
    def learnt_from(self):
        return self.encoder.encode(self.data.train.features)

    @property
    def rows(self):
        return self.encoder.encode(self.data.test.features)

    @property
    def scores(self):
        return self.network(self.rows, training=False).numpy()


@pytest.fixture(scope="session")
def datasets():
    return {name: data.load(name, rows=800) for name in DATA}


@pytest.fixture(scope="session")
def cases(datasets):
    return {name: trained(known) for name, known in datasets.items()}


@pytest.fixture(scope="session")
def files(cases):
    """The file that a converter makes of a case's network, by their names; made once."""
    return functools.cache(
        lambda converter, name: compress.CONVERTERS[converter].convert(
            cases[name].network, cases[name].learnt_from
        )
    )


@pytest.fixture(params=DATA)
def case(request, cases):
    return cases[request.param]


def trained(known):
    learnt = encoder.fit(known.train, known.schema)
    network = untrained(known, learnt)
    rows, target = learnt.encode(known.train.features), known.train.target
    train.fit(network, rows, target, epochs=4, batch_size=32, progress=False)
    return Case(known, learnt, network)


def untrained(known, learnt):
    target = known.train.target
    unit = {"target_mean": target.mean(), "target_spread": target.std()} if target.dtype.kind == "f" else {}
    return models.build(learnt.shape, known.task, learning_rate=0.01, **unit)


# --- the sweep itself


def test_the_sweep_finds_what_is_known():
    assert set(CONVERTERS) >= {"PostTraining", "StoredWeights"}
    assert set(ENCODERS) >= {"ImageEncoder", "TableEncoder"}
    assert set(STEPS) >= {"QAT", "Cluster", "Prune"}
    assert set(PREDICTORS) >= {"KerasModel", "TFLiteModel"}
    assert set(compress.CONVERTERS) >= {
        *("float32", "float16", "dynamic_range", "int8", "int8_io", "int16x8", "weight_only", "int4")
    }
    assert set(tune.STRATEGIES) >= {"random"}
    assert set(distribute.STRATEGIES) >= {"one_device", "mirrored"}


def test_every_member_that_is_found_is_tried(datasets):
    assert set(CONVERTERS) == {type(converter).__name__ for converter in compress.CONVERTERS.values()}
    assert set(ENCODERS) == set(EXAMPLES)
    assert set(STEPS) == {step.__name__ for step in compress.STEPS.values()}
    assert set(PREDICTORS) == set(MADE_FROM)
    assert {known.task.kind for known in datasets.values()} == {"binary", "multiclass", "regression"}


# --- converters

# Largest difference from the network, as a share of its scores' range, by the type of the stored kernels.
ROUNDING = {"float32": 1e-5, "float16": 3e-3, "int8": 0.1, "int4": 0.5}


@pytest.mark.parametrize("name", compress.CONVERTERS)
@pytest.mark.parametrize("known", DATA)
def test_a_converters_file_agrees_with_the_network_at_any_batch(name, known, cases, files):
    assert isinstance(compress.CONVERTERS[name], Converter)
    rows, expected, content = cases[known].rows, cases[known].scores, files(name, known)
    held = contents(content)
    assert {tensor.dtype for tensor in (*held.inputs, *held.outputs)} == (
        {"int8"} if name == "int8_io" else {"float32"}
    )
    allowed = ROUNDING[held.largest] * np.ptp(expected)
    for batch in (1, 7, len(rows)):
        found = TFLiteFile(content).predict(rows[:batch])
        assert found.shape == expected[:batch].shape
        assert np.abs(found - expected[:batch]).max() <= allowed


@pytest.mark.parametrize("name", compress.CONVERTERS)
def test_a_converter_gives_the_same_bytes_again_and_leaves_its_inputs_as_they_were(name, cases, files):
    content = files(name, "digits")
    network, calibration = cases["digits"].network, cases["digits"].learnt_from
    described, weights = network.get_config(), copy.deepcopy(network.get_weights())
    assert compress.CONVERTERS[name].convert(network, calibration) == content
    assert network.get_config() == described
    assert network.compiled
    assert all(map(np.array_equal, network.get_weights(), weights))
    assert np.array_equal(calibration, cases["digits"].learnt_from)


# --- steps of recipes


@pytest.fixture(scope="session", params=compress.STEPS)
def stepped(request, cases):
    """A step with its own defaults, the network it was tried on, and what came of it."""
    case = cases["loans"]
    rows, target = case.learnt_from, case.data.train.target
    training = Training(rows, target, case.data.task.kind, epochs=1, batch_size=32, progress=False)
    step, learner = compress.STEPS[request.param](), to_tf_keras(case.network)
    return step, learner, step.apply(learner, training), training


def test_a_step_is_written_in_a_recipe_and_read_again(stepped):
    recipe = Recipe((stepped[0],), "int8")
    assert Recipe.read(str(recipe)) == recipe


def test_a_step_leaves_the_network_it_was_given_as_it_was_and_keeps_what_it_reads_and_gives(stepped, cases):
    _, learner, trained, _ = stepped
    rows, expected = cases["loans"].rows, cases["loans"].scores
    np.testing.assert_allclose(learner(rows, training=False), expected, atol=1e-6)
    found = trained(rows, training=False).numpy()
    assert found.shape == expected.shape
    assert 0 < np.abs(found - expected).max() < 0.5


def test_the_file_of_a_step_shows_it_and_the_file_of_the_untreated_network_does_not(stepped, cases, files):
    step, _, trained, _ = stepped
    rows = cases["loans"].learnt_from
    crossed = trained if isinstance(step, compress.QAT) else from_tf_keras(trained)
    held = contents(compress.CONVERTERS["int8"].convert(crossed, rows))
    assert all(np.isfinite(measure.value) for measure in step.verify(held))
    with pytest.raises(ModelError):
        step.verify(contents(files("float32", "loans")))


def test_a_step_is_the_same_again_by_its_seed(stepped):
    step, learner, trained, training = stepped
    again = step.apply(learner, training)
    assert all(map(np.array_equal, again.get_weights(), trained.get_weights()))


# --- encoders


@pytest.fixture(params=ENCODER_EXAMPLES)
def encoding(request, datasets):
    """An encoder and the part it has not seen."""
    member, name, made = ENCODER_EXAMPLES[request.param]
    known = datasets[name]
    learnt = encoder.fit(known.train, known.schema)
    example = made(learnt, learnt.encode(known.train.features))
    assert type(example).__name__ == member
    return example, known.test


def test_an_encoder_gives_float32_of_its_shape_in_two_steps(encoding):
    example, part = encoding
    encoded = example.encode(part.features)
    assert isinstance(example, Encoder)
    assert (encoded.dtype, encoded.shape) == (np.float32, (len(part), *example.shape))
    assert np.isfinite(encoded).all()
    assert encoded.std() > 0
    assert np.array_equal(encoded, example.transform(example.read(part.features)))
    assert example.encode(part.take(np.arange(0)).features).shape == (0, *example.shape)


def test_an_encoder_comes_back_from_json_and_encodes_equally(encoding):
    example, part = encoding
    restored = encoder.from_dict(json.loads(json.dumps(example.to_dict(), allow_nan=False)))
    assert type(restored) is type(example)
    assert (restored.names, restored.shape) == (example.names, example.shape)
    assert np.array_equal(restored.encode(part.features), example.encode(part.features))


def test_an_encoded_row_depends_on_no_other_row(encoding):
    example, part = encoding
    encoded = example.encode(part.features)
    alone = [example.encode(part.take(np.array([at])).features) for at in range(len(part))]
    np.testing.assert_allclose(np.concatenate(alone), encoded, rtol=1e-6, atol=1e-6)
    order = np.random.default_rng(0).permutation(len(part))
    permuted = example.encode(part.take(order).features)
    np.testing.assert_allclose(permuted, encoded[order], rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("rows", [2, 50])
def test_an_encoder_refuses_rows_that_lack_something(encoding, rows):
    example, part = encoding
    features = part.take(np.arange(rows)).features
    if isinstance(features, pd.DataFrame):
        assert example.names == tuple(features.columns)
        for name in example.names:
            with pytest.raises(DataError, match=f"'{name}'"):
                example.encode(features.drop(columns=name))
    else:
        for axis in range(1, features.ndim):
            with pytest.raises(DataError, match="shape"):
                example.encode(features.repeat(2, axis=axis))


def test_an_encoder_leaves_the_rows_as_they_were(encoding):
    example, part = encoding
    handed = part.take(np.arange(len(part)))
    example.encode(handed.features)
    assert handed.digest == part.digest


# --- predictors


@pytest.fixture(params=PREDICTORS)
def predictor(request, case, files):
    return MADE_FROM[request.param](case, files("float32", case.data.name))


def test_scores_follow_the_convention_of_the_task(predictor, case):
    task, target = case.data.task, case.data.test.target
    assert isinstance(predictor, Predictor)
    scores = predictor.score(case.rows)
    expected = case.scores
    assert scores.shape == {"multiclass": expected.shape}.get(task.kind, (len(target),))
    np.testing.assert_allclose(scores, expected.reshape(scores.shape), rtol=1e-4, atol=1e-5)
    answers = task.decode(scores)
    if task.kind == "regression":
        # In the target's unit, and high where the target is high.
        assert abs(scores.mean() - target.mean()) < target.std()
        assert np.corrcoef(scores, target)[0, 1] > 0.2
        return
    assert 0 <= scores.min() < scores.max() <= 1
    if task.kind == "multiclass":
        np.testing.assert_allclose(scores.sum(axis=1), 1, atol=1e-5)
    # Codes and classes are in one order: better than always naming the largest class.
    hits = answers["prediction"].to_numpy() == np.array(task.classes)[target]
    assert hits.mean() > np.bincount(target).max() / len(target)


def test_a_score_depends_on_no_other_row(predictor, case):
    rows = case.rows
    cuts = np.split(rows, [1, 1, 8, 40])
    assert [len(cut) for cut in cuts[:4]] == [1, 0, 7, 32]
    apart = np.concatenate([predictor.score(cut) for cut in cuts])
    np.testing.assert_allclose(apart, predictor.score(rows), rtol=1e-5, atol=1e-6)


def test_a_saved_predictor_loads_as_the_same(predictor, case, tmp_path):
    room, features = PREDICTORS[type(predictor).__name__], case.data.test.features
    room.save_model(predictor, tmp_path / "model")
    loaded = room.load_model(str(tmp_path / "model"))
    assert type(loaded) is type(predictor)
    assert loaded.task == predictor.task
    assert loaded.encoder.to_dict() == predictor.encoder.to_dict()
    assert np.array_equal(loaded.predict(features), predictor.score(case.rows))


# --- search strategies


@pytest.fixture(params=tune.STRATEGIES)
def search(request):
    """A search of this strategy: the values, scores and errors of its trials."""

    def run(evaluate_trial, build_trial=searched, *, trials=8, seed=0, maximise=True):
        return tune.search(
            build_trial,
            lambda network, values: evaluate_trial(values),
            strategy=request.param,
            trials=trials,
            seed=seed,
            maximise=maximise,
            progress=False,
        )

    return run


def searched(hp):
    hp.Int("size", 1, 20)
    hp.Float("rate", 1e-3, 1.0, sampling="log")
    if hp.Choice("kind", ["plain", "deep"]) == "deep":
        with hp.conditional_scope("kind", ["deep"]):
            hp.Boolean("wide")
    return anything()


@functools.cache
def anything():
    import keras

    return keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])


def size(values):
    return values["size"] + values["rate"]


def test_a_search_is_the_same_again_by_its_seed(search):
    first, again, other = (
        [(trial.values, trial.score) for trial in search(size, seed=seed)] for seed in (1, 1, 2)
    )
    assert first == again != other


def test_a_search_repeats_no_trial_and_ends_a_small_space_early(search):
    def small(hp):
        hp.Choice("size", [1, 2, 3])
        hp.Choice("rate", [0.1, 0.2])
        return anything()

    tried = [tuple(sorted(trial.values.items())) for trial in search(size, small, trials=30)]
    assert len(set(tried)) == len(tried) <= 6


def test_a_search_gives_a_value_only_where_it_holds(search):
    trials = search(size)
    assert [("wide" in trial.values) == (trial.values["kind"] == "deep") for trial in trials] == [True] * 8


def test_a_search_goes_on_after_failed_trials(search):
    calls = []

    def fragile(values):
        calls.append(values)
        if len(calls) <= 5:
            raise RuntimeError("out of memory")
        return size(values)

    errors = [trial.error for trial in search(fragile)]
    assert errors == ["RuntimeError: out of memory"] * 5 + [""] * 3


@pytest.mark.parametrize("maximise", [True, False])
def test_a_search_knows_which_way_is_better(search, maximise):
    trials = search(size, maximise=maximise)
    scores = [trial.score for trial in trials]
    (kept,) = (trial for trial in trials if trial.network is not None)
    assert tune.best(trials, maximise) is kept
    assert kept.score == (max if maximise else min)(scores)


@pytest.mark.parametrize("direction", ["max", "min"])
@pytest.mark.parametrize("strategy", tune.STRATEGIES)
def test_a_search_strategy_is_an_oracle_that_aims_as_it_is_told(strategy, direction):
    import keras_tuner

    oracle = tune.STRATEGIES[strategy](keras_tuner.Objective("score", direction), 3, 1)
    assert isinstance(oracle, keras_tuner.Oracle)
    assert (oracle.objective.name, oracle.objective.direction) == ("score", direction)


# --- distribution strategies


@pytest.mark.parametrize("strategy", distribute.STRATEGIES)
def test_a_distribution_strategy_trains_and_ends_with_the_same_weights_by_its_seed(strategy, cases):
    case = cases["loans"]
    first, again, other = (
        distribute.fit(
            lambda: untrained(case.data, case.encoder),
            case.learnt_from,
            case.data.train.target,
            strategy=strategy,
            epochs=2,
            batch_size=32,
            seed=seed,
            progress=False,
        )
        for seed in (1, 1, 2)
    )
    assert first.history.loss[-1] < first.history.loss[0]
    assert all(map(np.array_equal, first.network.get_weights(), again.network.get_weights()))
    assert not all(map(np.array_equal, first.network.get_weights(), other.network.get_weights()))
