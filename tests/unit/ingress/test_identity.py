import asyncio
import hashlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from adapters import Hook, Identity, IncompletePayload, MalformedPayload
from gateway.ground.watchdog import Watchdog
from gateway.ingress.identity import LONGEST_ID, Identified, identify
from tests.integration.ingress.running import adapter

BODY = b'{"id":1}'
HASH = "sha256:" + hashlib.sha256(BODY).hexdigest()


@pytest.fixture
def found() -> Iterator[Callable[..., Identified]]:
    watchdog = Watchdog(0.05)

    def find(function: Callable[[Hook], Any]) -> Identified:
        return identify(adapter(identify=function), Hook(BODY), watchdog)

    yield find
    watchdog.close()


def test_vendors_event_id_is_taken_as_it_is(found: Callable[..., Identified]) -> None:
    """The adapter's ID and topic are the event's."""
    assert found(lambda _: Identity("é 1/2", "order")) == Identified("é 1/2", "order")


def test_without_an_id_the_hash_serves_and_the_event_lives(found: Callable[..., Identified]) -> None:
    """A vendor without event IDs gets the body's hash, and no dead letter."""
    assert found(lambda _: Identity(None, "order")) == Identified(HASH, "order", is_hash=True)


@pytest.mark.parametrize(
    "event_id", ["", "x" * (LONGEST_ID + 1), "a\0b", "\ud800", 17, b"1"], ids=lambda value: repr(value)[:12]
)
def test_an_id_that_cannot_be_stored_is_a_dead_letter(found: Callable[..., Identified], event_id: Any) -> None:
    """Empty, overlong, NUL, half a surrogate pair, no text: dead under the body's hash."""
    identified = found(lambda _: Identity(event_id))

    assert (identified.event_id, identified.is_hash) == (HASH, True)
    assert identified.dead is not None
    assert identified.dead.code == "malformed_payload"


@pytest.mark.parametrize("event_id", ["x" * LONGEST_ID, "a\tb\u200b", "\U0010ffff"])
def test_odd_ids_that_can_be_stored_are_taken(found: Callable[..., Identified], event_id: str) -> None:
    """What is odd but text is the vendor's business."""
    assert found(lambda _: Identity(event_id)).event_id == event_id


@pytest.mark.parametrize("error", [MalformedPayload("no id", path="$.id"), IncompletePayload("no id", path="$.id")])
def test_an_adapters_error_is_the_dead_letters_reason(
    found: Callable[..., Identified], error: MalformedPayload
) -> None:
    """Code, detail and path are the adapter's."""

    def fail(_: Hook) -> Identity:
        raise error

    dead = found(fail).dead

    assert dead is not None
    assert (dead.code, dead.detail, dead.path) == (error.code, "no id", "$.id")


class Own(str):
    """A text of an adapter's own class."""

    __slots__ = ()


@pytest.mark.parametrize(
    ("detail", "path", "told"),
    [
        (Own("no id"), Own("$"), ("no id", "$")),
        ("half a \ud800 pair\0", None, ("half a ? pair", None)),
        (17, ["a"], ("(int, not a text)", "(list, not a text)")),
    ],
)
def test_whatever_an_adapter_raises_with_can_be_stored(
    found: Callable[..., Identified], detail: Any, path: Any, told: tuple[str, str | None]
) -> None:
    """Detail and path are texts, and no more than that."""

    def fail(_: Hook) -> Identity:
        raise MalformedPayload(detail, path=path)

    dead = found(fail).dead

    assert dead is not None
    assert (dead.detail, dead.path) == told
    assert {type(dead.detail), type(dead.path)} <= {str, type(None)}


def test_an_id_and_a_topic_are_plain_texts(found: Callable[..., Identified]) -> None:
    """Nobody else knows an adapter's own classes."""
    identified = found(lambda _: Identity(Own("1"), Own("order")))

    assert (identified.event_id, identified.topic) == ("1", "order")
    assert (type(identified.event_id), type(identified.topic)) == (str, str)


@pytest.mark.parametrize("error", [SystemExit, KeyboardInterrupt, GeneratorExit, asyncio.CancelledError])
def test_an_adapter_ends_nothing_but_its_own_hook(found: Callable[..., Identified], error: type[BaseException]) -> None:
    """What would end a program, or a task, is a defect as any other."""

    def fail(_: Hook) -> Identity:
        raise error

    dead = found(fail).dead

    assert dead is not None
    assert error.__name__ in dead.detail


def test_any_other_failure_is_a_defect_without_its_words(found: Callable[..., Identified]) -> None:
    """The exception's words may hold what was sent: only its name is told."""
    dead = found(lambda _: {}["a customer's name"]).dead
    wrong = found(lambda _: None).dead

    assert dead is not None
    assert wrong is not None
    assert (dead.code, wrong.code) == ("adapter_defect", "adapter_defect")
    assert "KeyError" in dead.detail
    assert "customer" not in dead.detail


def test_an_adapter_that_loops_is_a_defect(found: Callable[..., Identified]) -> None:
    """It is interrupted, and the event is a dead letter under its hash."""

    def loop(_: Hook) -> Identity:
        while True:
            pass

    identified = found(loop)

    assert identified.event_id == HASH
    assert identified.dead is not None
    assert identified.dead.code == "adapter_defect"


@pytest.mark.parametrize(
    ("topic", "expected"), [("a\ud800\0b", "a?b"), ("x" * 600, "x" * 512), (5, None), ("\0", None), (None, None)]
)
def test_a_topic_can_always_be_stored(found: Callable[..., Identified], topic: Any, expected: str | None) -> None:
    """A topic that no store could take is mended: it is worth less than the event."""
    assert found(lambda _: Identity("1", topic)).topic == expected
