import os

import pytest

from mlflow_prod.compress.quiet import quiet

CHATTER = b"W0000 00:00:17.08 7148 tf_tfl_flatbuffer_helpers.cc:364] Ignored output_format.\n"


def test_chatter_is_held_back_and_all_else_comes_through(capfd):
    with quiet():
        os.write(2, CHATTER + b"W0000 something else is wrong\n")
    assert capfd.readouterr().err == "W0000 something else is wrong\n"


def test_an_error_brings_everything_out(capfd):
    with pytest.raises(ValueError, match="broken"), quiet():
        os.write(2, CHATTER)
        raise ValueError("broken")
    assert capfd.readouterr().err.encode() == CHATTER


def test_a_conversion_prints_nothing(capfd, network, rows):
    from mlflow_prod.compress import convert

    convert(network, "int8", rows)
    assert capfd.readouterr() == ("", "")
