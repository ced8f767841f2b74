"""Several processes that promote at once: one champion, and never a worse one than before."""

from tests.faults.children import CONTEXT, promote_once
from tests.faults.conftest import POLICY
from tests.faults.ledger import assert_whole

COUNT = 8


def test_of_promotions_at_once_none_makes_the_champion_worse(make_registry, counted):
    registry = make_registry(POLICY)
    versions = range(1, COUNT + 1)
    registry.register(*versions)
    for version in versions:
        registry.submit(version, registry.evidence(version, 0.8 + version / 100))
    barrier, answers = CONTEXT.Barrier(COUNT), CONTEXT.Queue()
    common = (registry.uri, str(registry.folder))
    children = [
        CONTEXT.Process(target=promote_once, args=(*common, str(version), barrier, answers))
        for version in versions
    ]
    for child in children:
        child.start()
    said = dict(answers.get(timeout=60) for _ in children)
    for child in children:
        child.join()
    rows = registry.rows("mlflow_prod_decisions WHERE allowed AND action = 'promotion'", "version")
    promoted = [version for (version,) in rows]
    assert promoted == sorted(promoted)
    assert sorted(promoted) == [version for version in versions if not said[version]]
    assert {answer.partition(":")[0] for answer in said.values() if answer} <= {"PERMISSION_DENIED"}
    for version in versions:
        if version > promoted[-1]:
            assert "changed 5 times while they were looked at" in said[version]
    assert assert_whole(registry.uri.removeprefix("gated:"))[0] == promoted[-1]
    counted["promoted"] = len(promoted)
    counted["not the best"] = promoted[-1] < COUNT
