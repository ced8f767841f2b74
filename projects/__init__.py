"""One short script per entry point of the MLproject file: parse, open the run, call one room, log."""

import os

# Before MLflow and TensorFlow are imported, which read these once. Nothing phones home, and a download bar
# for each small file would bury what the scripts say.
for name, value in {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "1",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "TF_CPP_MIN_LOG_LEVEL": "3",
}.items():
    os.environ.setdefault(name, value)
