def test_pace_and_replicas_are_logged(home):
    metrics = home.run_of("distribute").data.metrics
    assert metrics["replicas"] >= 1
    assert metrics["global_batch"] == 40 * metrics["replicas"]
    assert metrics["rows_per_second"] > 0
