"""Small students that learn from the scores of a larger teacher."""

from mlflow_prod.distill.cache import cache_folder, cached, key_of
from mlflow_prod.distill.comparison import Comparison, seeds_from
from mlflow_prod.distill.course import Course, Lessons
from mlflow_prod.distill.distill import distill
from mlflow_prod.distill.ensemble import ensemble
from mlflow_prod.distill.grid import Setting, grid, hold_fit
from mlflow_prod.distill.hint import Hint, features_of, read_hint
from mlflow_prod.distill.loss import make_loss, pack_targets, soft_answers, soften
from mlflow_prod.distill.shrink import shrink
from mlflow_prod.distill.student import build_student

__all__ = [
    "Comparison",
    "Course",
    "Hint",
    "Lessons",
    "Setting",
    "build_student",
    "cache_folder",
    "cached",
    "distill",
    "ensemble",
    "features_of",
    "grid",
    "hold_fit",
    "key_of",
    "make_loss",
    "pack_targets",
    "read_hint",
    "seeds_from",
    "shrink",
    "soft_answers",
    "soften",
]
