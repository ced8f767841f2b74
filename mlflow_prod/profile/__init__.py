"""Summaries of tables that add: what drift is measured against, and counts of scored rows by slice."""

from mlflow_prod.profile.cells import Cells, Layout, Slices
from mlflow_prod.profile.column import Column
from mlflow_prod.profile.profile import Profile
from mlflow_prod.profile.scale import Scale

__all__ = ["Cells", "Column", "Layout", "Profile", "Scale", "Slices"]
