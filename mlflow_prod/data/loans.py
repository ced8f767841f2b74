"""Loan applications made up by formula, with a known bias between groups and known drift.

**Synthetic.** No row describes a person, a bank or a market; use it to try methods whose right answer
must be known, never to draw conclusions about lending. Every draw comes from `np.random.default_rng`.

Columns, with N(0, 1) draws z, all independent of each other and of the group:

    application_id    text, one of a kind
    sex               Female or Male, 1/2 each                              (protected)
    age               whole years, triangular on 21 to 75 with mode 35      (protected; without effect)
    income            3200 exp(0.5 z1), money a month, skewed; 4% missing
    amount            9000 exp(0.6 z2), money, skewed
    debt_ratio        share of income that goes to debt, 0.6 / (1 + exp(-z3))
    credit_score      620 + 70 z4, rounded, held within 300 and 850
    late_payments     Poisson with mean 0.8 exp(0.6 z5 - 0.18), skewed
    years_employed    Gamma(shape 2, scale 3.5), one decimal; 7% missing
    employment        salaried 0.62, self_employed 0.18, temporary 0.13, unemployed 0.07
    purpose           car 0.30, home 0.25, education 0.15, business 0.15, other 0.15
    homeowner         true with 0.45
    repaid            yes or no: the target, yes is the positive class

The label is Bernoulli with

    logit P(repaid) = f(x) - bias * [sex = Female]
    f(x) = 0.5 + 0.8 z1 - 0.6 z2 - 0.7 z3 + 1.0 z4 - 0.5 min(late_payments, 5)
           + 0.10 years_employed + 0.5 homeowner
           + {salaried 0.3, self_employed 0, temporary -0.4, unemployed -1.0}
           + {car 0.1, home 0.3, education 0, business -0.4, other 0}

from the values before any is lost as missing. As no input depends on the group, `bias` alone makes the
groups differ, and a fair model of f(x) needs no group.

Drift, each kind on its own or together:

    covariate   z1 - 0.7, z2 + 0.7, z3 + 0.7, the mean of late_payments doubled, employment
                0.35, 0.22, 0.25, 0.18; f as before
    prior       of the rows made, each with repaid = yes is kept with probability 0.4: the odds of
                yes fall to 0.4 of what they were, within each class all stays
    concept     the weights of z1 and z4 turn to -0.2 and 0.1, and that of z2 to 0.3; inputs as before
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from mlflow_prod.errors import DataError, did_you_mean

# As many as an application_id of seven digits tells apart.
MOST_ROWS = 10_000_000
DRIFTS = ("covariate", "prior", "concept")
EMPLOYMENT = {"salaried": 0.3, "self_employed": 0.0, "temporary": -0.4, "unemployed": -1.0}
PURPOSE = {"car": 0.1, "home": 0.3, "education": 0.0, "business": -0.4, "other": 0.0}


@dataclass(frozen=True)
class Loans:
    """What to make.

    Parameters
    ----------
    bias : what the logit of a woman's label is lowered by.
    rows : how many, from 1 to 10 million, which take some 10 GB.
    drift : any of `covariate`, `prior`, `concept`.
    batch : stream of draws; 0 for training, others for batches from production, which repeat no row.

    Raises
    ------
    DataError : a value breaks its rule.
    """

    bias: float = 0.8
    rows: int = 60_000
    drift: tuple[str, ...] = ()
    batch: int = 0

    def __post_init__(self) -> None:
        if not np.isfinite(self.bias):
            raise DataError(f"loans: bias must be a finite number, got {self.bias}")
        if not 1 <= self.rows <= MOST_ROWS:
            raise DataError(f"loans: rows must be from 1 to {MOST_ROWS}, got {self.rows}")
        if self.batch < 0:
            raise DataError(f"loans: batch must be >= 0, got {self.batch}")
        for kind in self.drift:
            if kind not in DRIFTS:
                raise DataError(f"loans: unknown drift {kind!r}; {did_you_mean(kind, DRIFTS)}")

    @classmethod
    def from_options(cls, options: dict[str, str], batch: int = 0) -> "Loans":
        """From the options of a data string, such as {"bias": "0.4", "drift": "prior,concept"}."""
        known: dict[str, Callable[[str], object]] = {
            "bias": float,
            "rows": int,
            "batch": int,
            "drift": lambda text: tuple(part.strip() for part in text.split(",") if part.strip()),
        }
        values: dict[str, object] = {"batch": batch}
        for name, text in options.items():
            if name not in known:
                raise DataError(f"loans: unknown option {name!r}; {did_you_mean(name, known)}")
            try:
                values[name] = known[name](text)
            except ValueError as problem:
                raise DataError(f"loans: {name} must be a number, got {text!r}") from problem
        return cls(**values)  # type: ignore[arg-type]

    def make(self, seed: int) -> pd.DataFrame:
        """The rows, as the formulas in this file's head draw them."""
        rng = np.random.default_rng([seed, self.batch])
        if "prior" not in self.drift:
            return self._draw(rng, self.rows)
        made: list[pd.DataFrame] = []
        while sum(map(len, made)) < self.rows:
            frame = self._draw(rng, 2 * self.rows)
            kept = (frame["repaid"] == "no").to_numpy() | (rng.random(len(frame)) < 0.4)
            made.append(frame[kept])
        frame = pd.concat(made).head(self.rows).reset_index(drop=True)
        return frame.assign(application_id=self._ids(self.rows))

    def _ids(self, n: int) -> np.ndarray:
        return np.array([f"L{self.batch:03d}-{number:07d}" for number in range(n)])

    def _draw(self, rng: np.random.Generator, n: int) -> pd.DataFrame:
        moved = "covariate" in self.drift
        z1, z2, z3, z4, z5 = rng.standard_normal((5, n))
        if moved:
            z1, z2, z3 = z1 - 0.7, z2 + 0.7, z3 + 0.7
        late = rng.poisson((1.6 if moved else 0.8) * np.exp(0.6 * z5 - 0.18))
        years = np.round(rng.gamma(2.0, 3.5, n), 1)
        shares = [0.35, 0.22, 0.25, 0.18] if moved else [0.62, 0.18, 0.13, 0.07]
        employment = rng.choice(len(EMPLOYMENT), n, p=shares)
        purpose = rng.choice(len(PURPOSE), n, p=[0.30, 0.25, 0.15, 0.15, 0.15])
        homeowner = rng.random(n) < 0.45
        female = rng.random(n) < 0.5
        age = np.floor(rng.triangular(21, 35, 76, n))

        w1, w2, w4 = (-0.2, 0.3, 0.1) if "concept" in self.drift else (0.8, -0.6, 1.0)
        logit = 0.5 + w1 * z1 + w2 * z2 - 0.7 * z3 + w4 * z4 - 0.5 * np.minimum(late, 5)
        logit += 0.10 * years + 0.5 * homeowner
        logit += np.array(list(EMPLOYMENT.values()))[employment] + np.array(list(PURPOSE.values()))[purpose]
        logit -= self.bias * female
        repaid = rng.random(n) < 1.0 / (1.0 + np.exp(-logit))

        income = np.round(3200 * np.exp(0.5 * z1), 2)
        return pd.DataFrame(
            {
                "application_id": self._ids(n),
                "sex": np.where(female, "Female", "Male"),
                "age": age,
                "income": np.where(rng.random(n) < 0.04, np.nan, income),
                "amount": np.round(9000 * np.exp(0.6 * z2), 2),
                "debt_ratio": np.round(0.6 / (1.0 + np.exp(-z3)), 4),
                "credit_score": np.clip(np.round(620 + 70 * z4), 300, 850),
                "late_payments": late.astype(np.float64),
                "years_employed": np.where(rng.random(n) < 0.07, np.nan, years),
                "employment": np.array(list(EMPLOYMENT))[employment],
                "purpose": np.array(list(PURPOSE))[purpose],
                "homeowner": homeowner,
                "repaid": np.where(repaid, "yes", "no"),
            }
        )
