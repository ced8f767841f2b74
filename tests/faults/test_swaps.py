"""Files that are swapped at any moment around a promotion: other bytes than were measured never run."""

import os
import random
import shutil
import time
from pathlib import Path

import numpy as np
import pytest
from mlflow.exceptions import MlflowException

from mlflow_prod.compress import convert
from mlflow_prod.errors import ModelError
from mlflow_prod.evidence import digest_of_folder
from mlflow_prod.models import build
from mlflow_prod.tflite import TFLiteModel, load_model, save_model
from tests.faults.children import CONTEXT
from tests.tflite.conftest import applicants, encoder, task  # noqa: F401

FILE = "model.tflite"
# The attack is on files: one kind of database is enough.
pytestmark = pytest.mark.parametrize("fresh_database", ["sqlite"], indirect=True)


@pytest.fixture(scope="module")
def models(encoder, task, applicants, tmp_path_factory):  # noqa: F811
    """Two models of one shape in folders of their own, `genuine` and `foreign`, that score differently."""
    parent = tmp_path_factory.mktemp("models")
    for seed, name in enumerate(("genuine", "foreign")):
        network = build(encoder.shape, task, units="8", seed=seed)
        save_model(
            TFLiteModel(convert(network, "float32", encoder.encode(applicants)), encoder, task), parent / name
        )
    assert (parent / "genuine" / FILE).stat().st_size == (parent / "foreign" / FILE).stat().st_size
    return parent


# Each prepares a swap of the files in a folder, and gives back the function that does it.
def overwrite(folder, models):
    foreign = (models / "foreign" / FILE).read_bytes()
    return lambda: (folder / FILE).write_bytes(foreign)


def overwrite_unseen(folder, models):
    """Puts the time of the last change back, as whoever hides a swap would."""
    swap, status = overwrite(folder, models), (folder / FILE).stat()

    def act():
        swap()
        os.utime(folder / FILE, ns=(status.st_atime_ns, status.st_mtime_ns))

    return act


def replace(folder, models):
    prepared = shutil.copy2(models / "foreign" / FILE, folder.with_name("prepared"))
    return lambda: Path(prepared).replace(folder / FILE)


def rename(folder, models):
    prepared = shutil.copytree(models / "foreign", folder.with_name("prepared"))

    def act():
        folder.rename(folder.with_name("aside"))
        prepared.rename(folder)

    return act


def there_and_back(folder, models):
    swap, genuine = overwrite(folder, models), (models / "genuine" / FILE).read_bytes()

    def act():
        swap()
        time.sleep(0.002)
        (folder / FILE).write_bytes(genuine)

    return act


WAYS = (overwrite, overwrite_unseen, replace, rename, there_and_back)


def attack(folder, models, orders):
    """Swaps the files when told to: (number of the way, seconds to wait), until None."""
    while order := orders.recv():
        way, wait = order
        act = WAYS[way](folder, models)
        orders.send("ready")
        time.sleep(wait)
        act()
        orders.send("done")


def restore(folder, models):
    for path in (folder, folder.with_name("prepared"), folder.with_name("aside")):
        if path.is_dir():
            shutil.rmtree(path)
        path.unlink(missing_ok=True)
    shutil.copytree(models / "genuine", folder)


@pytest.fixture
def attacker(registry, models):
    """Where a process takes its orders that swaps the files of version 1."""
    here, there = CONTEXT.Pipe()
    process = CONTEXT.Process(target=attack, args=(registry.files(1), models, there))
    process.start()
    yield here
    here.send(None)
    process.join()


def promote_and_load(registry, measured):
    """What became of a promotion, and the model that a service then loaded, if any."""
    try:
        registry.store.set_registered_model_alias("loans", "champion", "1")
    except MlflowException as problem:
        assert problem.error_code == "PERMISSION_DENIED"
        return "refused at the promotion", None
    try:
        return "loaded", load_model(str(registry.files(1)), digest=measured)
    except ModelError:
        return "refused at loading", None


def test_swapped_files_are_refused_or_not_loaded(registry, models, attacker, applicants, request, counted):  # noqa: F811
    folder, draw = registry.files(1), random.Random(0)
    content = (models / "genuine" / FILE).read_bytes()
    rows = applicants[:8]
    expected = load_model(str(models / "genuine")).predict(rows)
    assert not np.array_equal(load_model(str(models / "foreign")).predict(rows), expected)
    restore(folder, models)
    measured = digest_of_folder(folder)
    registry.submit(1, registry.evidence(1, 0.9))
    seconds = undisturbed(registry, measured)
    for _ in range(request.config.getoption("--swaps")):
        registry.store.delete_registered_model_alias("loans", "champion")
        restore(folder, models)
        way = draw.randrange(len(WAYS))
        attacker.send((way, draw.uniform(0, seconds)))
        attacker.recv()
        start = time.monotonic()
        ended, loaded = promote_and_load(registry, measured)
        if loaded:
            # The machine may be busier or idler than it was: most moments should fall within.
            seconds += (time.monotonic() - start - seconds) / 8
        attacker.recv()
        held = "champion" in registry.store.get_registered_model("loans").aliases
        assert held == (ended != "refused at the promotion")
        promotions = registry.rows("mlflow_prod_decisions WHERE action = 'promotion'", "allowed, subject")
        allowed, subject = promotions[-1]
        assert allowed == held
        assert subject == measured or not allowed
        if loaded:
            assert loaded.content == content
            np.testing.assert_array_equal(loaded.predict(rows), expected)
            ended = "loaded as measured" if digest_of_folder(folder) == measured else "swapped after loading"
        counted[ended] += 1
        counted[f"({WAYS[way].__name__})"] += 1


def undisturbed(registry, measured):
    """Seconds that a promotion and the loading take."""
    times = []
    for _ in range(5):
        start = time.monotonic()
        assert promote_and_load(registry, measured)[0] == "loaded"
        times.append(time.monotonic() - start)
    return sorted(times)[2]
