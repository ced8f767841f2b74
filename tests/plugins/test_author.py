import os
import subprocess
import sys

import pytest

from mlflow_prod.plugins.author import author
from tests.plugins.test_approvals import signed_in

NAMELESS = 54321
ASK = f"""
from mlflow_prod.plugins.author import author
import os
os.setuid({NAMELESS})
print(author())
"""


def test_whoever_is_signed_in_comes_before_the_process(monkeypatch):
    monkeypatch.setenv("LOGNAME", "server")
    assert author() == "server"
    with signed_in("ann"):
        assert author() == "ann"


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, who alone may become a user without a name")
def test_a_user_without_a_name_is_known_by_number():
    env = {
        key: text for key, text in os.environ.items() if key not in ("LOGNAME", "USER", "LNAME", "USERNAME")
    }
    asked = subprocess.run([sys.executable, "-c", ASK], env=env, capture_output=True, text=True)
    assert (asked.stdout, asked.returncode) == (f"uid {NAMELESS}\n", 0), asked.stderr
