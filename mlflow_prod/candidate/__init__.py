"""What every finished model gets, whoever made it."""

from mlflow_prod.candidate.best_setting import best_setting
from mlflow_prod.candidate.card import log_card
from mlflow_prod.candidate.compression import log_compression
from mlflow_prod.candidate.distillation import log_distillation
from mlflow_prod.candidate.evaluation import Measured, log_evaluation, log_evidence, log_figures
from mlflow_prod.candidate.explanation import log_explanation
from mlflow_prod.candidate.finish import finish
from mlflow_prod.candidate.load import Model, is_ours, load, load_foreign
from mlflow_prod.candidate.monitoring import log_monitoring
from mlflow_prod.candidate.original import original
from mlflow_prod.candidate.register import register
from mlflow_prod.candidate.remedy import reweighed, weights_as_learnt, with_group_thresholds
from mlflow_prod.candidate.small import Smaller, read_recipes
from mlflow_prod.candidate.stream import answer_all
from mlflow_prod.candidate.teachers import Teacher, Teachers
from mlflow_prod.candidate.wanted import Wanted

__all__ = [
    "Measured",
    "Model",
    "Smaller",
    "Teacher",
    "Teachers",
    "Wanted",
    "answer_all",
    "best_setting",
    "finish",
    "is_ours",
    "load",
    "load_foreign",
    "log_card",
    "log_compression",
    "log_distillation",
    "log_evaluation",
    "log_evidence",
    "log_explanation",
    "log_figures",
    "log_monitoring",
    "original",
    "read_recipes",
    "register",
    "reweighed",
    "weights_as_learnt",
    "with_group_thresholds",
]
