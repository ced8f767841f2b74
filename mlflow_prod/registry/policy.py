"""The policy: which evidence a promotion needs."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field, ValidationError, WithJsonSchema
from pydantic_core import ErrorDetails

from mlflow_prod.errors import PolicyError, did_you_mean
from mlflow_prod.evidence import PublicKey, digest_of_bytes
from mlflow_prod.registry import strict_yaml
from mlflow_prod.registry.rules import Across, Every, Name, Rule, Strict, Threshold, Versus
from mlflow_prod.registry.section import CLOSED, Approvals, OnSuccess, Section, alike, spelt

DEFAULT_TARGETS = frozenset({"production", "champion"})
# The stages into which a version is withdrawn.
NO_PROMOTION = frozenset({"none", "archived"})


def _key(text: Any) -> PublicKey:
    if not isinstance(text, str):
        raise ValueError("must be base64 of the 32 bytes of a public key")
    return PublicKey.from_text(text)


class Signer(Strict):
    """Whoever answers for evidence, by the public half of an Ed25519 key."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    ed25519: Annotated[
        PublicKey,
        BeforeValidator(_key),
        WithJsonSchema({"type": "string", "pattern": "^[A-Za-z0-9+/]{43}=$"}),
    ]


def _version(value: Any) -> Any:
    # True and 1.0 equal 1.
    if type(value) is not int:
        raise ValueError(f"must be 1, got {value!r}")
    return value


class Document(Strict):
    """The policy of an MLflow registry: what a version of a model must show before it is promoted.

    enforce : false: what would be refused is allowed and written down, where a section does not say.
    signers : whose keys are trusted, by name.
    models : sections by the name of a registered model or a glob (`*` any text, `?` any one character).
    """

    version: Annotated[Literal[1], BeforeValidator(_version)]
    enforce: bool = True
    signers: dict[Name, Signer] = Field(default_factory=dict)
    models: dict[Name, Section]


@dataclass(frozen=True)
class Policy:
    """Sections by model name or glob (`*` any text, `?` any one character).

    Per target the most specific section that names it holds, alone: the exact name, then the glob with the
    most characters that are not `*` or `?`, then the one that stands first. `digest`: sha256 of the file.
    `signers`: the keys it trusts, by name. `enforce`: whether it refuses, where a section does not say.
    """

    models: Mapping[str, Section] = field(compare=False)
    digest: str
    signers: Mapping[str, PublicKey] = field(default_factory=dict, compare=False)
    enforce: bool = True

    def section(self, model: str, target: str) -> Section | None:
        """The section that holds for a promotion of `model` to `target` (any case), None where none does."""
        pattern = self.pattern(model, target)
        return None if pattern is None else self.models[pattern]

    def pattern(self, model: str, target: str) -> str | None:
        """The name or glob under which that section stands."""
        fitting = [
            (spelt(pattern) == spelt(model), len(re.sub(r"[*?]", "", pattern)), pattern)
            for pattern, section in self.models.items()
            if section.covers(target) and _fits(pattern, model)
        ]
        return max(fitting, key=lambda found: found[:2])[2] if fitting else None

    def enforces(self, section: Section) -> bool:
        """Whether a section refuses, or only has written down what it would refuse."""
        return self.enforce if section.enforce is None else section.enforce

    def asks_approval(self, model: str) -> bool:
        """Whether any target of `model` needs people's approval."""
        return any(
            section.approvals is not None and _fits(pattern, model)
            for pattern, section in self.models.items()
        )


@dataclass(frozen=True)
class NoPolicy:
    """Stands where a policy cannot be had: what it protects is refused, for `reason`.

    `everything`: all targets, NEW_VERSION too, but the stages None and Archived, since a policy that cannot
    be read may protect any; else those of DEFAULT_TARGETS.
    """

    reason: str
    everything: bool
    digest: str = ""
    signers: Mapping[str, PublicKey] = field(default_factory=dict)

    def section(self, model: str, target: str) -> Section | None:
        """A section without rules where a promotion of `model` to `target` is refused, None elsewhere."""
        if self.everything:
            refused = spelt(target) not in NO_PROMOTION
        else:
            refused = any(alike(target, name) for name in DEFAULT_TARGETS)
        return CLOSED if refused else None

    def asks_approval(self, model: str) -> bool:
        """Nothing can be approved."""
        return False


def parse(content: bytes, file: str = "policy.yaml") -> Policy:
    """The policy in a file's bytes; raises PolicyError naming file, line and key of everything wrong."""
    try:
        text = content.decode()
    except UnicodeDecodeError as problem:
        raise PolicyError(f"{file}: must be UTF-8 text: {problem}") from problem
    values, lines = strict_yaml.read(text, file)
    if not isinstance(values, dict):
        raise PolicyError(f"{file}, line 1: must be a mapping with the keys version and models")
    try:
        document = Document.model_validate(values)
    except ValidationError as problem:
        wrong = [_sentence(error, values, lines, file) for error in problem.errors(include_url=False)]
        raise PolicyError("\n".join(wrong)) from problem
    _hold_signers(document, lines, file)
    signers = {name: signer.ed25519 for name, signer in document.signers.items()}
    return Policy(document.models, digest_of_bytes(content), signers, document.enforce)


def _hold_signers(document: Document, lines: Mapping[strict_yaml.Place, int], file: str) -> None:
    for model, section in document.models.items():
        own: strict_yaml.Place = ("models", model)
        places: dict[strict_yaml.Place, tuple[str, ...]] = {
            (*own, "signed_by"): section.signed_by,
            (*own, "override_by"): section.override_by,
        }
        places |= {
            (*own, "require", at, "signed_by"): rule.signed_by for at, rule in enumerate(section.require)
        }
        for place, names in places.items():
            for name in names:
                if name not in document.signers:
                    at = place if place in lines else place[:-1]
                    raise PolicyError(
                        f"{file}, line {lines[at]}: {strict_yaml.spell(at)}: no signer {name!r}; "
                        f"{did_you_mean(name, document.signers)}"
                    )


def _fits(pattern: str, model: str) -> bool:
    # In any case, and a letter beyond ASCII for any, as some databases find a model by its name.
    wild = {"*": ".*", "?": "."}
    signs = (wild.get(sign, f"(?:{re.escape(sign)}|[^\x00-\x7f])") for sign in spelt(pattern))
    return re.fullmatch("".join(signs), spelt(model), re.DOTALL) is not None


def _sentence(error: ErrorDetails, values: Any, lines: dict[strict_yaml.Place, int], file: str) -> str:
    place: strict_yaml.Place = ()
    # The form of a rule, which stands in the error's location, is no key of the file.
    for part in error["loc"]:
        if (*place, part) in lines:
            place = (*place, part)
    key = error["loc"][-1]
    match error["type"]:
        case "extra_forbidden":
            said = f"unknown key, {did_you_mean(str(key), _keys_at(place[:-1], values))}"
        case "missing":
            said = f"the key {key!r} is missing"
        case "value_error":
            said = str(error["ctx"]["error"])
        case "tuple_type":
            said = f"must be a list, such as [champion], got {error['input']!r}"
        case "model_type" | "dict_type" | "model_attributes_type":
            said = f"must be keys with values, got {error['input']!r}"
        case "float_type" | "int_type":
            said = f"must be a plain number, such as 0.05, got {error['input']!r}"
        case _:
            said = f"{error['msg'][0].lower()}{error['msg'][1:]}, got {error['input']!r}"
    where = strict_yaml.spell(place)
    return f"{file}, line {lines[place]}: {where + ': ' if where else ''}{said}"


def _keys_at(place: strict_yaml.Place, values: Any) -> set[str]:
    if not place:
        return set(Document.model_fields)
    if len(place) == 2:
        return set((Signer if place[0] == "signers" else Section).model_fields)
    parts: dict[str | int, type[Strict]] = {"on_success": OnSuccess, "approvals": Approvals}
    if place[2] in parts:
        return set(parts[place[2]].model_fields)
    for part in place:
        values = values[part]
    forms: dict[str, type[Rule]] = {"versus": Versus, "across": Across, "every": Every}
    form = next((form for key, form in forms.items() if key in values), None)
    return set((form or Threshold).model_fields) | (set() if form else set(forms))
