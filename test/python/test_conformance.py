"""A part of './dev conformance': every 40th model of Debian's libonnx-testdata."""

import conformance


def test_models_come_back_as_they_were():
    outcomes = conformance.examine_all(conformance.models(every=40), jobs=2)
    assert len(outcomes) >= 20
    assert [(outcome.name, outcome.failures) for outcome in outcomes if outcome.failures] == []
    assert [outcome.name for outcome in outcomes if outcome.refused] == []
    # Nearly all of them reach every level, so that the test compares something.
    complete = [outcome for outcome in outcomes if set(conformance.LEVELS) <= set(outcome.same)]
    assert len(complete) >= 0.7 * len(outcomes)
