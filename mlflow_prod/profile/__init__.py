"""Summaries of tables that add: what drift is measured against."""

from mlflow_prod.profile.column import Column
from mlflow_prod.profile.profile import Profile

__all__ = ["Column", "Profile"]
