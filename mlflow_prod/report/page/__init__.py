"""One HTML file that tells what an evaluation found, and needs nothing else."""

from mlflow_prod.report.page.findings import Findings
from mlflow_prod.report.page.page import evaluation_page

__all__ = ["Findings", "evaluation_page"]
