"""A Spark of one machine, where there are Java and pyspark."""

import os
import shutil
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@contextmanager
def local_spark():
    """A session on two cores whose workers run this Python and find this package; skips without Java."""
    sql = pytest.importorskip(
        "pyspark.sql", reason="pyspark is not installed: it comes with the extra `spark`"
    )
    if not shutil.which("java"):
        pytest.skip("Spark needs Java, and there is none: apt-get install default-jre-headless")
    os.environ["PYSPARK_PYTHON"] = sys.executable
    settings = {
        "spark.ui.enabled": "false",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.executorEnv.PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, sys.path)]),
        "spark.ui.showConsoleProgress": "false",
        "spark.log.level": "ERROR",
        "spark.sql.shuffle.partitions": "2",
        # Compiled once and quickly: tests are over before more would pay.
        "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1",
    }
    builder = sql.SparkSession.builder.master("local[2]").config(map=settings)
    session = builder.getOrCreate()
    try:
        yield session
    finally:
        session.stop()
