import pytest

from mlflow_prod.compress import convert, reached


@pytest.mark.parametrize(
    ("name", "kernels", "integer"),
    [
        ("float32", ("float32", "float32", "float32"), False),
        ("float16", ("float16", "float16", "float16"), False),
        # The last kernel has 64 weights, too few for the converter to bother.
        ("dynamic_range", ("int8", "int8", "float32"), False),
        ("int8", ("int8", "int8", "int8"), True),
    ],
)
def test_the_types_of_the_kernels_are_read_from_the_file(name, kernels, integer, network, rows):
    found = reached(convert(network, name, rows))
    assert found.kernels == kernels
    assert found.largest == kernels[1]
    assert found.all_integer == integer
