"""Datasets by name, file or table: schema, roles, splits and digests."""

from mlflow_prod.data.builtin import BUILTINS
from mlflow_prod.data.dataset import Dataset, Features, Part, Rows
from mlflow_prod.data.describe import describe
from mlflow_prod.data.files import parquet_files
from mlflow_prod.data.labelled import labelled
from mlflow_prod.data.load import load, load_batch, load_batches
from mlflow_prod.data.loans import Loans
from mlflow_prod.data.schema import Column, Schema
from mlflow_prod.data.schema_file import SchemaFile, find_schema_file, read_schema_file
from mlflow_prod.data.task import Task

__all__ = [
    "BUILTINS",
    "Column",
    "Dataset",
    "Features",
    "Loans",
    "Part",
    "Rows",
    "Schema",
    "SchemaFile",
    "Task",
    "describe",
    "find_schema_file",
    "labelled",
    "load",
    "load_batch",
    "load_batches",
    "parquet_files",
    "read_schema_file",
]
