import pytest

from adapters import MalformedPayload
from adapters.texts import first_of, identifier, plain, references_in, references_of, topic_of, word


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Storgata 1", "Storgata 1"),
        (" a \n b\t\tc ", "a b c"),
        ("a\0b\x7f", "a b"),
        ("a\ud800b", "a b"),
        ("Åsa \u00a0 Öhrn", "Åsa Öhrn"),
        ("\0", None),
        ("  ", None),
        ("", None),
        (None, None),
    ],
)
def test_plain(text, expected):
    """A text comes out on one line, without what no store takes; nothing is left of a blank one."""
    assert plain(text) == expected


def test_plain_of_absurd_length():
    """More than 10,000 characters are a malformed payload at the text's path."""
    assert plain("x" * 10_000) == "x" * 10_000
    with pytest.raises(MalformedPayload) as caught:
        plain("x" * 10_001, "$.name")

    assert caught.value.path == "$.name"


def test_identifier():
    """An identifier keeps its inner spaces and loses those around it."""
    assert identifier(" A  1 ") == "A  1"
    assert identifier(" ") is None
    assert identifier(None) is None


@pytest.mark.parametrize("text", ["a\0", "a\ud800", "a\nb", "x" * 501, "箱" * 334])
def test_an_unfit_identifier(text):
    """An identifier that would have to be changed is a malformed payload at its path."""
    with pytest.raises(MalformedPayload) as caught:
        identifier(text, "$.id")

    assert caught.value.path == "$.id"


def test_references():
    """References are stripped, each there once; unfit ones are left out."""
    assert references_of(" A ", None, "", " ", "B", "A", "c\0", "x" * 501, "箱" * 334) == ("A", "B")


def test_topic():
    """A topic is a text, cut to 200 characters; whatever is none is no topic."""
    assert topic_of("order\0picked") == "order picked"
    assert topic_of("x" * 20_000) == "x" * 200
    assert topic_of({"a": 1}) is None
    assert topic_of(" ") is None


def test_first_of():
    """The first text that is not blank wins, by its plain form."""
    assert first_of([None, " ", " a\nb ", "c"]) == "a b"
    assert first_of([]) is None


@pytest.mark.parametrize("mark", ["\ufeff", "\u200b", "\u200d", "\u202e", "\u2066", "\u00ad"])
def test_ids_that_look_alike_are_one(mark):
    """Characters that nobody sees are no part of an id or a reference, and é is one letter however it is written."""
    assert identifier(f"{mark}SO{mark}-1{mark}") == "SO-1"
    assert references_of(f"SO-e\u0301{mark}", "SO-\u00e9") == ("SO-\u00e9",)
    assert identifier(mark) is None


def test_words_are_compared_without_regard_to_case():
    """Trimmed and in capitals; one that is absent is empty."""
    assert word(" can\t") == word("CAN")
    assert word(None) == ""


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (b'{"data": {"no": " A-1 ", "id": 7}}', ("A-1", "7")),
        (b'\xef\xbb\xbf{"data": {"no": "A-1", "id": null}}', ("A-1",)),
        (b'{"data": {"no": true, "id": [1]}}', ()),
        (b'{"data": {"no": 1' + b"0" * 5000 + b"}}", ()),
        (b'{"data": []}', ()),
        (b"no JSON", ()),
        (b"[" * 5000, ()),
        (b'"\xff"', ()),
    ],
)
def test_references_are_found_in_a_body_whatever_else_is_wrong(body, found):
    """Texts and numbers at the paths; what cannot be read names nothing."""
    assert references_in(body, ("$.data.no", "$.data.id")) == found
