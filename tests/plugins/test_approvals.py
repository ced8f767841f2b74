import getpass

import flask
import pytest
from mlflow.exceptions import MlflowException

from mlflow_prod.evidence import Approval
from tests.plugins.conftest import POLICY

APPROVED = POLICY.replace("    require:", "    approvals: {at_least: 1, not_by: author}\n    require:")


@pytest.fixture
def approved(make_registry):
    """A registry whose version 1, registered and measured by ann, lacks nothing but an approval."""
    registry = make_registry(APPROVED)
    with signed_in("ann"):
        registry.register(1)
        registry.submit(1, registry.evidence(1, 0.9))
    return registry


class signed_in:
    """A request of a user whom basic-auth knows."""

    def __init__(self, user):
        self.context = flask.Flask("server").test_request_context()
        self.user = user

    def __enter__(self):
        self.context.push()
        flask.g.mlflow_authenticated_user = self.user

    def __exit__(self, *problem):
        self.context.pop()


def approve(registry, version="1", target="champion", **more):
    text = Approval(target=target, **more).model_dump_json()
    registry.client.set_model_version_tag("loans", version, "mlflow_prod.approval", text)


def tag(registry):
    return registry.client.get_model_version("loans", "1").tags["mlflow_prod.approval"]


def promote(registry):
    registry.client.set_registered_model_alias("loans", "champion", "1")


def test_without_an_approval_it_is_refused_and_says_whose_is_needed(approved):
    with pytest.raises(MlflowException) as refused:
        promote(approved)
    assert refused.value.get_http_status_code() == 403
    assert "needs 1 approval by others than its authors (ann), and nobody approved" in refused.value.message


def test_another_persons_approval_is_enough(approved):
    with signed_in("bob"):
        approve(approved, note="looks sound")
    assert tag(approved).startswith("champion by bob (20")
    promote(approved)


@pytest.mark.parametrize("target", ["Champion", "CHAMPION"])
def test_an_approval_holds_in_any_case(approved, target):
    with signed_in("bob"):
        approve(approved, target=target)
    promote(approved)


def test_the_authors_own_approval_does_not_count(approved):
    with signed_in("bob"):
        approve(approved)
        assert tag(approved).endswith(")")
        approve(approved, taken_back=True)
    with signed_in("ann"):
        approve(approved)
    assert tag(approved).endswith(
        "; not counted: ann, who registered the version or submitted evidence about its files: the policy "
        "says not_by: author"
    )
    with pytest.raises(MlflowException, match=r"others than its authors \(ann\), and nobody approved"):
        promote(approved)


def test_who_submitted_evidence_is_an_author_too(approved):
    with signed_in("bob"):
        approved.submit(1, approved.evidence(1, 0.95))
        approve(approved)
    with pytest.raises(MlflowException, match=r"others than its authors \(ann, bob\)"):
        promote(approved)


def test_an_approval_can_be_taken_back(approved):
    with signed_in("bob"):
        approve(approved)
        approve(approved, taken_back=True)
    with pytest.raises(MlflowException, match="nobody approved"):
        promote(approved)


def test_an_approval_is_of_the_files_and_of_one_target(approved):
    with signed_in("bob"):
        approve(approved, target="Production")
    with pytest.raises(MlflowException, match="nobody approved"):
        promote(approved)
    with signed_in("bob"):
        approve(approved)
    (approved.files(1) / "MLmodel").write_text("flavors: {}\nnumber: 9\n")
    approved.submit(1, approved.evidence(1, 0.9))
    with pytest.raises(MlflowException, match="nobody approved"):
        promote(approved)


def test_a_version_that_nobody_is_known_to_have_registered_needs_that_first(make_registry):
    registry = make_registry()
    registry.register(1)
    registry.submit(1, registry.evidence(1, 0.9))
    registry.policy.write_text(APPROVED)
    with signed_in("bob"):
        approve(registry)
    assert tag(registry).endswith(
        "; not counted: any, since nobody knows who registered the version: register it again"
    )
    with pytest.raises(MlflowException, match="nobody knows who registered it: register it again"):
        promote(registry)


def test_two_approvals_are_two_people(make_registry):
    registry = make_registry(APPROVED.replace("at_least: 1, not_by: author", "at_least: 2"))
    registry.register(1)
    registry.submit(1, registry.evidence(1, 0.9))
    for _ in range(2):
        approve(registry)
    with pytest.raises(MlflowException, match=f"needs 2 approvals, and {getpass.getuser()} approved"):
        promote(registry)
    with signed_in("bob"):
        approve(registry)
    promote(registry)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("champion", "approval must be JSON"),
        ("{}", "approval: target: field required"),
        ('{"target": ""}', "approval: target: string should have at least 1 character"),
        ('{"target": "champion", "by": "carl"}', "approval: by: extra inputs are not permitted"),
        ('{"target": "a", "target": "b"}', "a key is named twice: 'target'"),
        ("[]", "approval: it: "),
    ],
)
def test_what_is_no_approval_is_a_bad_request(approved, text, says):
    with pytest.raises(MlflowException, match=says) as wrong:
        approved.client.set_model_version_tag("loans", "1", "mlflow_prod.approval", text)
    assert wrong.value.get_http_status_code() == 400
