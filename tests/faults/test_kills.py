"""A process that is killed at any moment leaves the old state or the new one."""

import random
import time

import pytest

from tests.faults.children import CONTEXT, PLACES, promote_back_and_forth, submit, submit_one
from tests.faults.ledger import assert_tag_agrees, assert_whole

# Several promotions long, on each database.
SECONDS = 0.1


@pytest.fixture
def kills(request):
    return request.config.getoption("--kills")


def kill(task, registry, moment, *arguments):
    """Starts a child, kills it once it has worked for a moment, and says where it was."""
    place, (started, starts) = CONTEXT.Value("i", 0, lock=False), CONTEXT.Pipe(duplex=False)
    child = CONTEXT.Process(target=task, args=(registry.uri, str(registry.folder), place, starts, *arguments))
    child.start()
    starts.close()
    started.recv()
    time.sleep(moment)
    assert child.is_alive()
    child.kill()
    child.join()
    return PLACES[place.value]


def test_a_killed_promotion_happened_or_did_not(registry, kills, counted):
    draw, database = random.Random(0), registry.uri.removeprefix("gated:")
    for _ in range(kills):
        where = kill(promote_back_and_forth, registry, draw.uniform(0, SECONDS))
        champion, production = assert_whole(database)
        counted[where] += 1
        counted["alias moved, stage not yet"] += champion not in production
        winner = 3 - (champion or 2)
        registry.client.set_registered_model_alias("loans", "champion", winner)
        registry.client.transition_model_version_stage("loans", winner, "Production")
        assert assert_whole(database) == (winner, [winner])
    promotions = registry.rows("mlflow_prod_decisions WHERE action = 'promotion'")
    counted["promotions in the ledger"] = len(promotions)


def test_killed_evidence_was_taken_in_or_was_not(registry, kills, counted):
    draw, database = random.Random(1), registry.uri.removeprefix("gated:")
    for version in range(3, kills + 3):
        registry.register(version)
        where = kill(submit, registry, draw.uniform(0, SECONDS), str(version))
        taken = assert_tag_agrees(database, version)
        counted[where] += 1
        counted["taken in"] += taken
        subject = registry.evidence(version, 0.9).subject
        submit_one(registry.store, str(version), "next", subject)
        assert assert_tag_agrees(database, version) == taken + 1
