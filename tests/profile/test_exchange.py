from functools import reduce

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from mlflow_prod.errors import DataError
from mlflow_prod.profile import Profile, from_arrow, to_arrow
from mlflow_prod.profile.exchange import Sent
from tests.profile.tables import same, table


def _odd(n, seed):
    rng = np.random.default_rng(seed)
    values = rng.choice([np.nan, np.inf, -np.inf, -0.0, 0.0, 5e-324, -1e150, 7.0], n)
    return table(n, seed).assign(odd=values, lost=np.nan, none=pd.Series([None] * n, dtype="str"))


def test_a_profile_is_sent_whole():
    for profile in (Profile.of(_odd(9_000, 0), np.ones(9_000)), Profile.of(_odd(9_000, 0)[:0])):
        found = from_arrow(to_arrow(profile))
        assert dict(found.columns) == dict(profile.columns) and found.rows == profile.rows
        assert list(found.columns) == list(profile.columns)


def test_partitions_in_one_table_are_their_sum_whatever_their_order():
    parts = [Profile.of(_odd(n, n)) for n in (3_000, 0, 9_000, 1)]
    sent = pa.Table.from_batches([to_arrow(part) for part in parts])
    shuffled = sent.take(np.random.default_rng(0).permutation(len(sent)))
    for one in (sent, shuffled):
        same(from_arrow(one), reduce(Profile.__add__, parts))


def test_a_stream_of_bytes_is_enough():
    profile = Profile.of(_odd(2_000, 1))
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, to_arrow(profile).schema) as stream:
        stream.write(to_arrow(profile))
    same(from_arrow(pa.ipc.open_stream(sink.getvalue()).read_all()), profile)


def test_sent_profiles_add_and_bytes_of_something_else_are_refused():
    a, b = (Profile.of(_odd(n, seed)) for n, seed in ((40, 0), (300, 1)))
    found = Sent.from_bytes((Sent(a) + Sent.from_bytes(Sent(b).to_bytes())).to_bytes())
    same(found.profile, a + b)
    for data in (b"", b"junk", Sent(a).to_bytes()[:-40]):
        with pytest.raises(DataError, match="these bytes are no profile"):
            Sent.from_bytes(data)


SENT = to_arrow(Profile.of(_odd(100, 0)))


def _changed(**values):
    rows = SENT.to_pylist()
    rows[0] |= values
    return pa.RecordBatch.from_pylist(rows, SENT.schema)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (SENT.drop_columns("keys"), "must have the columns of profile.exchange.SCHEMA"),
        (SENT.set_column(2, "rows", pa.array(["many"] * len(SENT))), "must have the columns"),
        (SENT[:0], "at least one row"),
        (_changed(kind="text"), "'income' of a profile cannot be read: numbers must be of a kind"),
        (_changed(kind=None), "'income' of a profile cannot be read"),
        (_changed(shift=None), "'income' of a profile cannot be read"),
        (_changed(missing=-1), "counts >= 0"),
        (_changed(zeros=4), "but .* are counted"),
        (_changed(keys=[1, 1, 2], counts=[1, 1, 1]), "must ascend"),
        (_changed(first=[1.0]), "'income' of a profile cannot be read"),
        (_changed(missing=99), "'children' of a profile counts 100 rows"),
        (_changed(name="children"), "'children' of a profile counts 200 rows|the profile"),
        (_changed(kind="category"), "'income' of a profile cannot be read"),
    ],
)
def test_what_is_no_profile_is_refused(data, message):
    with pytest.raises(DataError, match=message):
        from_arrow(data)
