"""mlflow_prod: nothing reaches production without evidence."""

__version__ = "0.1.0"
