import json
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlflow_prod.errors import DataError
from mlflow_prod.profile.wire import pack, unpack

HEAD = {"of": "é", "n": 3}
ARRAYS = [np.array([0, 2**40]), np.array([], np.int64), np.array([0.1, -np.inf, np.nan])]


@given(st.lists(st.lists(st.integers(0, 2**63 - 1)) | st.lists(st.floats())))
def test_what_is_packed_comes_back_bit_by_bit(values):
    arrays = [np.array(one, np.int64 if all(type(v) is int for v in one) else np.float64) for one in values]
    head, found = unpack(pack(HEAD, arrays))
    assert head == HEAD
    assert [one.tobytes() for one in found] == [one.tobytes() for one in arrays]
    assert [one.dtype for one in found] == [one.dtype for one in arrays]


@settings(deadline=None)
@given(st.data())
def test_damage_is_told(data):
    sound = pack(HEAD, ARRAYS)
    at = data.draw(st.integers(0, len(sound) - 1))
    other = bytes([sound[at] ^ data.draw(st.integers(1, 255))])
    for damaged in (sound[:at], sound[:at] + other + sound[at + 1 :], sound + other):
        try:
            head, found = unpack(damaged)
        except DataError:
            continue
        # Two bits of zlib's own header say how hard it tried, and nothing about what is in it.
        assert at < 2 and head == HEAD and np.array_equal(found[0], ARRAYS[0])


@pytest.mark.parametrize(
    "told",
    [
        [],
        {},
        {"head": {}},
        {"head": 1, "arrays": []},
        {"head": {}, "arrays": [["<u1", -1]]},
        {"head": {}, "arrays": [["<u1", 2.0]]},
        {"head": {}, "arrays": [["|O", 1]]},
        {"head": {}, "arrays": [["<f8", 1]]},
        {"head": {}, "arrays": [["<u1", 3]]},
        {"head": {}, "arrays": [["<u1", 5]]},
        {"head": {}, "arrays": [[["<u1"], 4]]},
    ],
)
def test_what_says_other_things_than_it_holds_is_refused(told):
    with pytest.raises(DataError, match="no counts that can be read"):
        unpack(zlib.compress(json.dumps(told).encode() + b"\n1234"))
