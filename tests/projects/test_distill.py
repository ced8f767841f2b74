def test_the_student_is_smaller_and_compared_with_its_teacher(home):
    metrics = home.run_of("distill").data.metrics
    assert metrics["compression_ratio"] > 1
    assert 0.5 < metrics["agreement"] <= 1


def test_the_recipe_is_kept_with_the_model(home):
    assert home.made("distill").metadata["recipe"] == "distill"
