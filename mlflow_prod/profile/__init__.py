"""Summaries of tables that add: what drift is measured against, and counts of scored rows by slice."""

from mlflow_prod.profile.baseline import Baseline
from mlflow_prod.profile.categories import Categories
from mlflow_prod.profile.cells import Cells, Layout, Slices
from mlflow_prod.profile.exchange import from_arrow, to_arrow
from mlflow_prod.profile.folded import Folded
from mlflow_prod.profile.histogram import Histogram, kolmogorov_smirnov
from mlflow_prod.profile.moments import Moments
from mlflow_prod.profile.numbers import Numbers
from mlflow_prod.profile.profile import Profile
from mlflow_prod.profile.sample import Sample
from mlflow_prod.profile.scale import Scale

__all__ = [
    "Baseline",
    "Categories",
    "Cells",
    "Folded",
    "Histogram",
    "Layout",
    "Moments",
    "Numbers",
    "Profile",
    "Sample",
    "Scale",
    "Slices",
    "from_arrow",
    "kolmogorov_smirnov",
    "to_arrow",
]
