"""Intervals and tests: functions of counts and arrays."""

from mlflow_prod.stats.auc import auc_interval, delong, delong_of_bins
from mlflow_prod.stats.bootstrap import poisson_bootstrap
from mlflow_prod.stats.counts import chi_squared
from mlflow_prod.stats.means import effective_n, mean
from mlflow_prod.stats.paired import paired_auc, paired_proportions
from mlflow_prod.stats.proportions import (
    bonferroni,
    clopper_pearson,
    largest_gap,
    newcombe,
    pairs_confidence,
    quantile_of,
    wilson,
)
from mlflow_prod.stats.ratios import mover_ratio, smallest_ratio
from mlflow_prod.stats.sample_size import growth_to_decide

__all__ = [
    "auc_interval",
    "bonferroni",
    "chi_squared",
    "clopper_pearson",
    "delong",
    "delong_of_bins",
    "effective_n",
    "growth_to_decide",
    "largest_gap",
    "mean",
    "mover_ratio",
    "newcombe",
    "paired_auc",
    "paired_proportions",
    "pairs_confidence",
    "poisson_bootstrap",
    "quantile_of",
    "smallest_ratio",
    "wilson",
]
