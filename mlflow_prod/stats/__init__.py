"""Intervals and tests: functions of counts and arrays."""

from mlflow_prod.stats.auc import auc_interval, delong, delong_of_bins
from mlflow_prod.stats.bootstrap import poisson_bootstrap
from mlflow_prod.stats.counts import chi_squared
from mlflow_prod.stats.fisher import fisher
from mlflow_prod.stats.means import effective_n, mean
from mlflow_prod.stats.multiplicity import benjamini_hochberg, chosen_confidence, holm
from mlflow_prod.stats.paired import mcnemar, paired_auc, paired_bootstrap, paired_mean, paired_proportions
from mlflow_prod.stats.proportions import (
    bonferroni,
    clopper_pearson,
    largest_gap,
    newcombe,
    pairs_confidence,
    quantile_of,
    wilson,
)
from mlflow_prod.stats.quantiles import quantile
from mlflow_prod.stats.ratios import mover_ratio, smallest_ratio
from mlflow_prod.stats.sample_size import growth_to_decide

__all__ = [
    "auc_interval",
    "benjamini_hochberg",
    "bonferroni",
    "chi_squared",
    "chosen_confidence",
    "clopper_pearson",
    "delong",
    "delong_of_bins",
    "effective_n",
    "fisher",
    "growth_to_decide",
    "holm",
    "largest_gap",
    "mcnemar",
    "mean",
    "mover_ratio",
    "newcombe",
    "paired_auc",
    "paired_bootstrap",
    "paired_mean",
    "paired_proportions",
    "pairs_confidence",
    "poisson_bootstrap",
    "quantile",
    "quantile_of",
    "smallest_ratio",
    "wilson",
]
