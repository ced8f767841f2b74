import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlflow_prod.compress import CONVERTERS, QAT, Cluster, Prune, Recipe
from mlflow_prod.errors import InvalidParameter

NAMES = st.text("abcXYZ019_-/.+=", min_size=1, max_size=12)
STEPS = [
    st.builds(
        Prune,
        st.floats(0, 1, exclude_min=True, exclude_max=True),
        st.sampled_from(["polynomial", "constant"]),
    ),
    st.builds(Cluster, st.integers(2, 10**6)),
    st.builds(QAT, st.lists(NAMES, unique=True, max_size=3)),
]


@st.composite
def recipes(draw):
    steps = tuple(draw(step) for step in STEPS if draw(st.booleans()))
    converters = ["int8"] if steps and isinstance(steps[-1], QAT) else list(CONVERTERS)
    return Recipe(steps, draw(st.sampled_from(converters)))


@given(recipes())
def test_a_recipe_is_read_back_from_its_text(recipe):
    again = Recipe.read(str(recipe))
    assert again == recipe
    assert hash(again) == hash(recipe)
    assert str(again) == str(recipe)


@given(recipes(), st.integers(0, 3))
def test_spaces_and_capitals_outside_of_names_do_not_matter(recipe, spaces):
    gap = " " * spaces
    steps, converter = str(recipe).rsplit("+", 1) if recipe.steps else ("", str(recipe))
    text = f"{steps.replace('qat', 'QAT')}{gap}+{gap}{converter.upper()}{gap}" if steps else converter.upper()
    if not any("qat" in name for step in recipe.steps if isinstance(step, QAT) for name in step.layers):
        assert Recipe.read(text) == recipe


@pytest.mark.parametrize(
    ("text", "steps", "converter", "canonical"),
    [
        ("int8", (), "int8", "int8"),
        (" Float16 ", (), "float16", "float16"),
        (
            "prune(0.75)+cluster(16)+qat+int8",
            (Prune(), Cluster(), QAT()),
            "int8",
            "prune(0.75)+cluster(16)+qat+int8",
        ),
        ("prune(0.50) + INT8", (Prune(0.5),), "int8", "prune(0.5)+int8"),
        ("prune()+int8", (Prune(),), "int8", "prune(0.75)+int8"),
        (
            "PRUNE( 0.6 , Schedule = Constant )+int8",
            (Prune(0.6, "constant"),),
            "int8",
            "prune(0.6, constant)+int8",
        ),
        (
            "prune(schedule=constant)+float32",
            (Prune(schedule="constant"),),
            "float32",
            "prune(0.75, constant)+float32",
        ),
        ("prune(sparsity=1e-1)+int8", (Prune(0.1),), "int8", "prune(0.1)+int8"),
        ("cluster(clusters=4)+int8", (Cluster(4),), "int8", "cluster(4)+int8"),
        (
            "qat(Dense_1, block/a+b)+int8",
            (QAT(("Dense_1", "block/a+b")),),
            "int8",
            "qat(Dense_1, block/a+b)+int8",
        ),
    ],
)
def test_a_text_is_read_and_written_in_one_form(text, steps, converter, canonical):
    recipe = Recipe.read(text)
    assert recipe == Recipe(steps, converter)
    assert str(recipe) == canonical


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "joined by .*known:"),
        ("prnue(0.5)+int8", "did you mean 'prune'"),
        ("int9", "did you mean 'int8'"),
        ("prune(0.5)", "ended by a converter, one of float32"),
        ("prune(0.5)+", "got ''"),
        ("int8+float16", "one converter, at the end; int8 is one"),
        ("int8+prune", "one converter, at the end; int8 is one"),
        ("int8(3)+prune", "int8 must be without arguments"),
        ("prune+prune(0.5)+int8", "without a second prune"),
        ("cluster+prune+int8", "in the order prune, cluster"),
        ("qat+cluster+int8", "in the order cluster, qat"),
        ("qat+float16", "ended by int8 or int8_io after qat"),
        ("prune(1)+int8", "sparsity must be between 0 and 1"),
        ("prune(0)+int8", "sparsity must be between 0 and 1"),
        ("prune(nan)+int8", "sparsity must be between 0 and 1"),
        ("prune(much)+int8", "sparsity must be a number, got 'much'"),
        ("prune(schedule=linear)+int8", "schedule must be one of polynomial, constant"),
        ("prune(0.5, constant, 3)+int8", "at most 2 arguments"),
        ("prune(0.5, sparsity=0.6)+int8", "given sparsity once"),
        ("prune(sparsty=0.6)+int8", "did you mean 'sparsity'"),
        ("prune(0.5,,constant)+int8", "single commas"),
        ("prune(0.5+int8", "parts such as qat or prune"),
        ("prune((0.5))+int8", "parts such as qat or prune"),
        ("prune(0.5)x+int8", "parts such as qat or prune"),
        ("cluster(1)+int8", "a whole number >= 2"),
        ("cluster(2.5)+int8", "clusters must be a whole number, got '2.5'"),
        ("qat(a, a)+int8", "named once each"),
    ],
)
def test_a_wrong_text_is_refused_with_what_is_right(text, told):
    with pytest.raises(InvalidParameter, match=told):
        Recipe.read(text)


def test_what_no_text_can_say_is_refused():
    with pytest.raises(InvalidParameter, match="no commas"):
        QAT(("a,b",))
    with pytest.raises(InvalidParameter, match="whole number"):
        Cluster(4.0)
    with pytest.raises(InvalidParameter, match="of Prune, Cluster, QAT"):
        Recipe(("prune",), "int8")
    with pytest.raises(InvalidParameter, match="did you mean 'int8'"):
        Recipe((), "int88")
