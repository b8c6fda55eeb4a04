"""Samples: a JSON body, or a captured request with its headers, and what several of them show of a vendor's JSON."""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import msgspec

from adapters import Hook
from adapters.reading import BOM
from gateway.drift.shapes import ITEM, JsonType, json_type

Steps = tuple[str, ...]

_REQUEST_LINE = re.compile(rb"[A-Z]+ (\S+)(?: HTTP/[0-9.]+)?\r?\n")
_HEADER_LINE = re.compile(rb"[A-Za-z0-9-]+:[^\n]*\n")
_BLANK_LINE = re.compile(rb"\r?\n\r?\n")
_TYPE_ORDER: Sequence[JsonType] = ("object", "list", "text", "number", "boolean", "null")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_DATE_TIME = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}")
_NUMERIC = re.compile(r"-?\d+(\.\d+)?")
MOST_VALUES = 20


class UnreadableSample(ValueError):  # noqa: N818 - named by what is wrong
    """A sample that is neither JSON nor a captured request with a JSON body."""


class Sample(msgspec.Struct, frozen=True):
    """One sample, by its file's name.

    `is_captured`: it came with the headers of a request. `is_made_up`: by us, from a schema.
    """

    name: str
    hook: Hook
    value: Any
    is_captured: bool = False
    is_made_up: bool = False


def read_sample(path: Path) -> Sample:
    """A sample from a file: JSON, or a request as it went over the wire.

    Raises:
        UnreadableSample: it is neither.
        OSError: the file cannot be read.
    """
    raw = path.read_bytes()
    name = sample_name(path.name.partition(".")[0])
    hook = captured(raw)
    body = raw if hook is None else hook.body
    try:
        value = json.loads(body.removeprefix(BOM))
    except (ValueError, RecursionError):
        raise UnreadableSample(f"{path} is neither JSON nor a captured request with a JSON body") from None
    if not isinstance(value, dict | list):
        raise UnreadableSample(f"{path} holds no object and no list")
    return Sample(name, hook or Hook(body), value, is_captured=hook is not None)


def sample_name(text: str) -> str:
    """A text as the name of a sample, and of the golden case that is made of it."""
    return re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_") or "sample"


def captured(raw: bytes) -> Hook | None:
    """The request of a capture, None for a body alone; its path is what follows `/hooks/{source}`."""
    found = _REQUEST_LINE.match(raw)
    if found is None and _HEADER_LINE.match(raw) is None:
        return None
    head, *rest = _BLANK_LINE.split(raw, maxsplit=1)
    headers = {}
    for line in head.decode("latin-1").splitlines()[1 if found else 0 :]:
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    target = urlsplit(found[1].decode("latin-1") if found else "")
    path = target.path.partition("/hooks/")[2].partition("/")[2]
    return Hook(b"".join(rest), headers, dict(parse_qsl(target.query)), path)


class Node:
    """What samples show of one place in a vendor's JSON.

    Attributes:
        kinds: the types met there but null.
        met: in how many of the objects above it was there.
        objects: how many objects were met there.
        is_nullable: null was met.
    """

    def __init__(self) -> None:
        self.kinds: set[JsonType] = set()
        self.met = 0
        self.objects = 0
        self.is_nullable = False
        self.values: list[Any] = []
        self.members: dict[str, Node] = {}
        self.item: Node | None = None

    def add(self, value: Any) -> None:
        """Learn from one more value."""
        self.met += 1
        kind = json_type(value)
        if kind == "null":
            self.is_nullable = True
            return
        self.kinds.add(kind)
        if isinstance(value, dict):
            self.objects += 1
            for key, member in value.items():
                self.members.setdefault(key, Node()).add(member)
        elif isinstance(value, list):
            self.item = self.item or Node()
            for member in value:
                self.item.add(member)
        elif len(self.values) < MOST_VALUES:
            self.values.append(value)

    def at(self, steps: Iterable[str]) -> "Node":
        """The node below."""
        node = self
        for step in steps:
            below = node.item if step == ITEM else node.members.get(step)
            if below is None:
                raise KeyError(step)
            node = below
        return node

    def walk(self, steps: Steps = ()) -> Iterator[tuple[Steps, "Node"]]:
        """Every node with its steps, from above."""
        yield steps, self
        for key, member in self.members.items():
            yield from member.walk((*steps, key))
        if self.item is not None:
            yield from self.item.walk((*steps, ITEM))

    @property
    def is_leaf(self) -> bool:
        """Whether it holds plain values alone, or nothing but null."""
        return not self.kinds & {"object", "list"}

    @property
    def texts(self) -> list[str]:
        """The values as texts, blank ones left out."""
        return [text for value in self.values if not isinstance(value, bool) and (text := str(value).strip())]

    @property
    def words(self) -> str:
        """The type in words, for a page."""
        names = [str(kind) for kind in _TYPE_ORDER if kind in self.kinds]
        texts = self.texts
        if names == ["text"] and texts:
            if all(_DATE_TIME.match(text) for text in texts):
                names = ["date-time"]
            elif all(_DATE.fullmatch(text) for text in texts):
                names = ["date"]
            elif all(_NUMERIC.fullmatch(text) for text in texts):
                names = ["text that is a number"]
        elif names == ["number"] and all(isinstance(value, int) for value in self.values):
            names = ["whole number"]
        return " or ".join([*names, *(["null"] if self.is_nullable else [])])

    @property
    def is_naive_time(self) -> bool:
        """Whether its date-times name no zone."""
        times = [text for text in self.texts if _DATE_TIME.match(text)]
        return any(not re.search(r"(?:[Zz]|[+-]\d{2}:?\d{2})$", text) for text in times)

    @property
    def is_time(self) -> bool:
        """Whether it holds dates or date-times."""
        texts = self.texts
        return bool(texts) and all(_DATE.match(text) for text in texts)


def learn(values: Iterable[Any]) -> Node:
    """What values show together."""
    root = Node()
    for value in values:
        root.add(value)
    return root
