"""The loop of a search: ask the oracle, build, score, tell the oracle."""

import math
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mlflow_prod.errors import InvalidParameter, ModelError, did_you_mean
from mlflow_prod.tune.strategies import STRATEGIES
from mlflow_prod.tune.trial import Trial, best

if TYPE_CHECKING:
    import keras
    import keras_tuner

OBJECTIVE = "score"


def search(
    build_trial: Callable[["keras_tuner.HyperParameters"], "keras.Model"],
    evaluate_trial: Callable[["keras.Model", dict[str, Any]], float],
    *,
    strategy: str = "random",
    trials: int = 10,
    seed: int = 0,
    maximise: bool,
    on_trial: Callable[[Trial], None] = lambda trial: None,
    progress: bool = True,
) -> list[Trial]:
    """Tries hyperparameters and returns the trials in order; `best` picks one.

    No set of values is tried twice, so a small space ends the search early. The same seed proposes the
    same trials. A trial whose builder or objective raises, or whose score is not finite, is recorded
    with its error, and the search goes on. Nothing is written to the working directory. Ctrl-C ends
    the search with KeyboardInterrupt: every trial that had finished has been given to `on_trial` by
    then. The network of `build_trial` is first built with default values, to learn the space.

    Parameters
    ----------
    build_trial : makes a compiled network from hyperparameters, as a Keras Tuner `build` does.
    evaluate_trial : trains the network and returns its score; also gets the values by name.
    strategy : a name in `STRATEGIES`.
    trials : most trials, >= 1.
    seed : >= 0.
    maximise : whether a higher score is better.
    on_trial : called after each trial, with its network.
    progress : a bar over the trials on stderr.

    Raises
    ------
    InvalidParameter : a parameter breaks its rule.
    ModelError : the builder fails on its defaults, has nothing to search, or every trial failed.
    """
    from keras_tuner.engine.trial import TrialStatus
    from tqdm import tqdm

    if strategy not in STRATEGIES:
        raise InvalidParameter("strategy", f"a known one ({did_you_mean(strategy, STRATEGIES)})", strategy)
    for name, value, least in (("trials", trials, 1), ("seed", seed, 0)):
        if value < least:
            raise InvalidParameter(name, f">= {least}", value)
    done: list[Trial] = []
    with (
        tempfile.TemporaryDirectory(prefix="tune-") as folder,
        tqdm(
            total=trials, desc=f"tune ({strategy})", unit="trial", file=sys.stderr, disable=not progress
        ) as bar,
    ):
        oracle = _oracle(strategy, trials, seed, maximise, build_trial, folder)
        while (proposed := oracle.create_trial("search")).status == TrialStatus.RUNNING:
            trial = _run(len(done), proposed.hyperparameters, build_trial, evaluate_trial)
            if trial.score is None:
                proposed.status, proposed.message = TrialStatus.FAILED, trial.error
            else:
                proposed.status = TrialStatus.COMPLETED
                oracle.update_trial(proposed.trial_id, {OBJECTIVE: trial.score})
            oracle.end_trial(proposed)
            on_trial(trial)
            done = _keep_best_network([*done, trial], maximise)
            bar.update()
    best(done, maximise)
    return done


def _oracle(
    strategy: str,
    trials: int,
    seed: int,
    maximise: bool,
    build_trial: Callable[["keras_tuner.HyperParameters"], "keras.Model"],
    folder: str,
) -> "keras_tuner.Oracle":
    import keras_tuner
    from keras_tuner.engine.base_tuner import BaseTuner

    objective = keras_tuner.Objective(OBJECTIVE, "max" if maximise else "min")
    # Keras Tuner takes seed 0 for "draw one".
    oracle = STRATEGIES[strategy](objective, trials, seed + 1)
    oracle.verbose = 0
    try:
        # Its constructor builds until every conditional part of the space has been seen.
        BaseTuner(oracle, build_trial, directory=folder, project_name="search")
    except Exception as error:
        raise ModelError(f"the builder fails on default values: {type(error).__name__}: {error}") from error
    if not oracle.get_space().space:
        raise ModelError("there is nothing to search: the builder asks for no hyperparameter")
    return oracle


def _run(
    number: int,
    hyperparameters: "keras_tuner.HyperParameters",
    build_trial: Callable[["keras_tuner.HyperParameters"], "keras.Model"],
    evaluate_trial: Callable[["keras.Model", dict[str, Any]], float],
) -> Trial:
    started, clock = time.time(), time.perf_counter()
    network, score, error = None, None, ""
    # Whatever the caller's functions raise belongs to this trial, and is kept with it.
    try:
        network = build_trial(hyperparameters)
        score = float(evaluate_trial(network, dict(hyperparameters.values)))
        if not math.isfinite(score):
            score, error = None, f"the score is {score}"
    except Exception as reason:
        score, error = None, f"{type(reason).__name__}: {reason}"
    seconds = time.perf_counter() - clock
    return Trial(number, dict(hyperparameters.values), score, error, started, seconds, network)


def _keep_best_network(trials: list[Trial], maximise: bool) -> list[Trial]:
    if all(trial.score is None for trial in trials):
        return [replace(trial, network=None) for trial in trials]
    kept = best(trials, maximise).number
    return [trial if trial.number == kept else replace(trial, network=None) for trial in trials]
