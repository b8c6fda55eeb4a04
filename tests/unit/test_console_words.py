"""Filters of words."""

from datetime import UTC, datetime

import pytest

from gateway.console.words import text_of, words_of

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
NAMES = {"status": "status", "source": "source", "since": "since", "order": "externalOrderId"}


@pytest.mark.parametrize(
    ("text", "pairs"),
    [
        ("", []),
        ("status:dead source:lp", [("status", "dead"), ("source", "lp")]),
        ("since:2d", [("since", "2026-11-24T12:00:00+00:00")]),
        ("since:90min", [("since", "2026-11-26T10:30:00+00:00")]),
        ("since:2026-02-01T08:00Z", [("since", "2026-02-01T08:00:00+00:00")]),
        ("since:2026-02-01", [("since", "2026-02-01T00:00:00+00:00")]),
        ('order:"SO 1"', [("externalOrderId", "SO 1")]),
        ('order:"SO ""1"""', [("externalOrderId", 'SO "1"')]),
        ('"SO-20417"', [("q", "SO-20417")]),
        ("SO-1 status:dead more", [("status", "dead"), ("q", "SO-1 more")]),
        ("urn:thing:1", [("q", "urn:thing:1")]),
    ],
)
def test_words_become_parameters(text, pairs):
    """By their names; those without one are looked for."""
    assert words_of(text, NAMES, "q", NOW) == pairs


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("colour:red", "colour: expected status:, source:, since:, order:"),
        ("red", "red: expected status:"),
        ("status:dead status:new", "status: is given twice"),
        ("since:yesterday", "yesterday: expected a span such as 2d"),
    ],
)
def test_what_is_not_understood_is_named(text, words):
    """With what was expected."""
    with pytest.raises(ValueError, match=words.replace(":", ":")):
        words_of(text, NAMES, None, NOW)


@pytest.mark.parametrize("value", ["SO-1", "SO 1", 'a "b" c', '"', "", "a:b"])
def test_parameters_become_words_that_say_the_same(value):
    """Whatever an order is called."""
    said = text_of({"externalOrderId": value, "status": "dead"}, NAMES)

    assert words_of(said, NAMES, None, NOW) == [("externalOrderId", value), ("status", "dead")]
