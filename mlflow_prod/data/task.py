"""What is learnt: the kind of target and the names of its classes."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from mlflow_prod.errors import InvalidParameter

Kind = Literal["binary", "multiclass", "regression"]


@dataclass(frozen=True)
class Task:
    """The target of a model.

    Scores follow one convention everywhere: binary, shape (n,), probability of the positive class;
    multiclass, shape (n, classes), probabilities; regression, shape (n,), in the target's unit.

    Parameters
    ----------
    kind : `binary`, `multiclass` or `regression`.
    target : name of the column that is predicted.
    classes : label text by class code; binary: (negative, positive); empty for regression.

    Raises
    ------
    InvalidParameter : `classes` does not fit `kind`.
    """

    kind: Kind
    target: str
    classes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "classes", tuple(self.classes))
        rules = {
            "binary": (len(self.classes) == 2, "the two classes of a binary task"),
            "multiclass": (len(self.classes) >= 2, "the classes of a multiclass task"),
            "regression": (not self.classes, "empty for regression"),
        }
        if self.kind not in rules:
            raise InvalidParameter("kind", f"one of {', '.join(rules)}", self.kind)
        fits, rule = rules[self.kind]
        if not fits:
            raise InvalidParameter("classes", rule, self.classes)
        if len(set(self.classes)) < len(self.classes):
            raise InvalidParameter("classes", "named once each", self.classes)

    def decode(self, scores: np.ndarray) -> pd.DataFrame:
        """Scores as an answer in words: column `prediction`, and for classes their probability.

        Binary: `prediction` (class text, positive from 0.5 up), `probability` (of the positive class).
        Multiclass: `prediction`, `probability/<class>`. Regression: `prediction` (float64).

        >>> Task("binary", "repaid", ("no", "yes")).decode(np.array([0.25, 0.75]))
          prediction  probability
        0         no         0.25
        1        yes         0.75
        """
        scores = np.asarray(scores, np.float64)
        if self.kind == "regression":
            return pd.DataFrame({"prediction": scores.reshape(-1)})
        names = np.array(self.classes)
        if self.kind == "binary":
            scores = scores.reshape(-1)
            return pd.DataFrame({"prediction": names[(scores >= 0.5).astype(int)], "probability": scores})
        columns = {f"probability/{name}": scores[:, code] for code, name in enumerate(self.classes)}
        return pd.DataFrame({"prediction": names[scores.argmax(axis=1)], **columns})

    def to_dict(self) -> dict[str, Any]:
        """The task as JSON values."""
        return {"kind": self.kind, "target": self.target, "classes": list(self.classes)}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Task":
        """The inverse of `to_dict`."""
        return cls(values["kind"], values["target"], tuple(values["classes"]))
