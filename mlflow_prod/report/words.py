"""Numbers and names as a person reads them."""

import math

from mlflow_prod.report import style

# Figures between 0 and 1 that count a share of rows, told in per cent.
SHARES = ("accuracy", "balanced_accuracy", "f1", "precision", "recall", "error", "ece", "mape", "jaccard")
# Of these less is better; of a rate of positives neither is.
LESS_IS_BETTER = ("log_loss", "brier", "ece", "mae", "rmse", "mape", "quantile_loss", "error", "false_")
NEITHER = ("positive_rate", "negative_rate", "mean_error", "bias")
MEANINGS = {
    "accuracy": "share of rows that it gets right",
    "balanced_accuracy": "mean share of each class that it gets right",
    "auc": "how surely a positive row scores above a negative one; 0.5 is chance",
    "pr_auc": "precision, averaged over all recalls; the share of positives is chance",
    "log_loss": "cost of the probabilities; less is better",
    "brier": "squared error of the probabilities; less is better",
    "ece": "how far probabilities lie from what comes true, on average",
    "precision": "share of the chosen rows that are positive",
    "true_positive_rate": "share of the positive rows that it finds",
    "false_positive_rate": "share of the negative rows that it takes for positive",
    "positive_rate": "share of rows that it takes for positive",
    "macro_f1": "mean F1 of all classes, each counted alike",
    "f1": "harmonic mean of precision and true positive rate",
    "r2": "share of the target's variance that it explains",
    "mae": "mean distance from the target",
    "rmse": "root of the mean squared distance from the target",
    "mape": "mean distance from the target as a share of it",
    "mean_error": "prediction less target, on average",
}
UNKNOWN = "–"


def is_share(name: str) -> bool:
    """Whether a figure is told in per cent."""
    return name.endswith(("_rate", "/recall")) or name.startswith((*SHARES, "macro_", "recall/", "f1/"))


def direction(name: str) -> int:
    """1 where more is better, -1 where less is, 0 where neither."""
    if name in NEITHER:
        return 0
    return -1 if name.startswith(LESS_IS_BETTER) else 1


def number(value: float, *, share: bool = False) -> str:
    """A figure in three digits, or in per cent.

    >>> number(0.84312, share=True), number(1234.5), number(0.05), number(float("nan"))
    ('84.3%', '1,234', '0.05', '–')
    """
    if not math.isfinite(value):
        return UNKNOWN
    if share:
        return f"{value:.1%}"
    return f"{value:,.0f}" if abs(value) >= 1_000 else f"{value:.3g}"


def between(low: float, high: float, *, share: bool = False) -> str:
    """An interval: `83.1 to 85.6%`; "" where it is not known."""
    if not (math.isfinite(low) and math.isfinite(high)):
        return ""
    first = f"{100 * low:.1f}" if share else number(low)
    return f"{first} to {number(high, share=share)}"


def points(gap: float) -> str:
    """A difference of shares: `12.3 points`."""
    if not math.isfinite(gap):
        return UNKNOWN
    return f"{100 * gap:.1f} points" if abs(gap) >= 0.01 or not gap else f"{100 * gap:.2g} points"


def apart(low: float, high: float) -> str:
    """The interval of a difference of shares: `-0.5 to 1.2 points`; "" where it is not known."""
    if not (math.isfinite(low) and math.isfinite(high)):
        return ""
    return f"{100 * low:.1f} to {100 * high:.1f} points"


def chance(p_value: float) -> str:
    """A p value: `0.03`, `under 0.001`."""
    if not math.isfinite(p_value):
        return UNKNOWN
    return "under 0.001" if p_value < 0.001 else f"{p_value:.2g}"


def plural(count: int, what: str) -> str:
    """`1 row`, `1,200 rows`."""
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def title(name: str) -> str:
    """A figure's name with a capital letter; abbreviations stay as they are spoken."""
    spoken = {"auc": "AUC", "pr_auc": "PR AUC", "ece": "Calibration error", "mae": "MAE", "rmse": "RMSE"}
    spoken |= {"r2": "R²", "f1": "F1", "mape": "MAPE", "brier": "Brier score", "macro_f1": "Macro F1"}
    if name in spoken:
        return spoken[name]
    told = style.words(name)
    return told[:1].upper() + told[1:]
