"""tf_keras and tfmot come without a trace."""

import os
import subprocess
import sys

import pytest

from mlflow_prod.models.bridge import tfmot

SWITCH = "TF_USE_LEGACY_KERAS"
FRESH = f"""
import os, subprocess, sys
from mlflow_prod.models.bridge import tf_keras, tfmot
print(sorted({{"keras", "tf_keras", "tensorflow", "tensorflow_model_optimization"}} & set(sys.modules)))
tfmot()
print(os.environ.get({SWITCH!r}))
subprocess.run([sys.executable, "-c", "import os; print(os.environ.get({SWITCH!r}))"])
import keras, tensorflow as tf
print(keras.__version__, tf_keras().__version__)
print(tf.keras.layers.Dense.__module__)
"""


@pytest.mark.parametrize("setting", [None, "1"])
def test_a_fresh_process_and_its_children_keep_their_setting(setting):
    environment = {name: value for name, value in os.environ.items() if name != SWITCH}
    environment |= {SWITCH: setting} if setting else {}
    environment["PYTHONUNBUFFERED"] = "1"
    ran = subprocess.run([sys.executable, "-c", FRESH], env=environment, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    imported, after, in_child, versions, of_tensorflow = ran.stdout.splitlines()
    assert imported == "[]"
    assert after == in_child == str(setting)
    assert [version.split(".")[0] for version in versions.split()] == ["3", "2"]
    assert of_tensorflow.split(".")[0] == ("tf_keras" if setting else "keras")


@pytest.mark.parametrize("setting", [None, "0"])
def test_the_setting_is_as_it_was_after_a_failed_import(setting, monkeypatch):
    monkeypatch.delenv(SWITCH, raising=False)
    if setting:
        monkeypatch.setenv(SWITCH, setting)
    monkeypatch.setitem(sys.modules, "tensorflow_model_optimization", None)
    with pytest.raises(ImportError):
        tfmot()
    assert os.environ.get(SWITCH) == setting
