"""Replay and discard, of one, of some, or of all that a filter holds: always through the preview of effects."""

from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import urlencode

from gateway.console.acts import Act, Told, because
from gateway.console.fields import Fields
from gateway.console.frame import Visit
from gateway.console.lists import LISTS
from gateway.console.telling import Row
from gateway.console.words import words_of

MOST_SHOWN: Final = 1_000
"""More than these are previewed by an operation."""

_EFFECTS: Final = {
    "new": "orders that are not there yet",
    "changed": "orders that would change",
    "unchanged": "would change nothing",
    "superseded": "are older than what is there",
    "cancelled": "cancel their order",
    "dead": "die again",
    "ignored": "mean no order",
    "asks": "ask the vendor's API",
    "noBody": "have no body left",
    "discarded": "are set aside for good",
}
_DONE: Final = {"replay": "replayed", "discard": "discarded", "release": "released"}
_OF: Final = {"events": ("events", "events"), "dead-letters": ("deadLetters", "dead letters")}
_ROWS: Final = {"events": "events", "dead-letters": "deadLetters"}


class _Chosen:
    """What is meant: by ids, or by a filter that was looked through."""

    def __init__(self, of: str, ids: list[str], text: str, pairs: list[tuple[str, str]], *, is_all: bool) -> None:
        self.of = of
        self.ids = ids
        self.text = text
        self.pairs = pairs
        self.is_all = is_all
        """Whether the ids are all that the filter holds."""

    @property
    def named(self) -> str:
        """How the page calls them."""
        what = _OF[self.of][1]
        if not self.is_all:
            return f"all {what} that match, more than {MOST_SHOWN}"
        return f"{len(self.ids)} {what}" if len(self.ids) != 1 else f"1 {what.removesuffix('s')}"

    @property
    def back(self) -> str:
        """The list, or the event."""
        if self.of == "events" and len(self.ids) == 1 and not self.pairs:
            return f"/console/events/{self.ids[0]}"
        return f"/console/{self.of}?{urlencode({'filter': self.text})}" if self.text else f"/console/{self.of}"


async def _chosen(visit: Visit, fields: Fields, act: str) -> _Chosen:
    of, ids, text = fields.one("of"), fields.all("id"), fields.one("filter")
    expected = ("events", "dead-letters") if act == "replay" else ("dead-letters",)
    if of not in expected:
        raise ValueError(f"expected {' or '.join(expected)}")
    listed = fields.one("ids").split()
    if ids or listed:
        return _Chosen(of, ids or listed, text, [], is_all=True)
    shown = LISTS[of]
    pairs = words_of(text, shown.words, shown.rest, visit.now)
    if not pairs:
        raise ValueError(
            "nothing was selected: mark some rows, or filter the list, since all of everything is too much"
        )
    answer = await visit.ask(shown.call, query=[*pairs, ("limit", str(MOST_SHOWN))])
    found = [row["id"] for row in answer[_ROWS[of]]]
    return _Chosen(of, found, text, pairs, is_all=answer["next"] is None)


def _call(act: str, of: str) -> str:
    return f"{act}_{of.replace('-', '_')}"


def _teller(act: str) -> Any:
    async def tell(visit: Visit, fields: Fields) -> Told:
        chosen = await _chosen(visit, fields, act)
        force = fields.one("force") == "yes"
        if not chosen.is_all:
            return _too_many(act, chosen)
        if not chosen.ids:
            return Told(what=chosen.named, lines=[], seen="0", back=chosen.back, cannot="Nothing matches any more.")
        body: dict[str, Any] = {"ids": chosen.ids, "dryRun": True, **({"force": True} if force else {})}
        told = await visit.ask(_call(act, chosen.of), body=body)
        count = told[_DONE[act]]
        return Told(
            what=chosen.named,
            lines=_lines(act, chosen, told, count, force=force),
            seen=str(count),
            status=await _status(visit, chosen),
            back=chosen.back,
            effects=_shown(told),
            cannot=None if count else "There is nothing left to do: somebody was faster, or the bodies are gone.",
            hidden=[("of", chosen.of), ("ids", " ".join(chosen.ids)), ("filter", chosen.text), *_forced(force)],
        )

    return tell


def _forced(force: bool) -> list[tuple[str, str]]:  # noqa: FBT001 - a pair of a form
    return [("force", "yes")] if force else []


def _lines(act: str, chosen: _Chosen, told: Row, count: int, *, force: bool) -> Sequence[str]:
    if act == "release":
        return [f"{count} of {chosen.named} go to Trackely as they are, despite what they are held for."]
    if act == "discard":
        return [
            f"{chosen.named} set aside for good. Nothing of them is sent; they can be replayed while bodies are kept."
        ]
    sends, missing = told["sends"], len(told.get("missing", ()))
    lines = [
        f"{count} {'event is' if count == 1 else 'events are'} translated again, with today's adapter and options.",
        f"{sends} {'order goes' if sends == 1 else 'orders go'} to Trackely.",
    ]
    if force:
        lines.append("Each is made the newest state of its order, whatever came since.")
    if missing:
        lines.append(f"{missing} {'is' if missing == 1 else 'are'} left out: there is nothing left to replay.")
    return lines


def _shown(told: Row) -> Row:
    counts = [(name, _EFFECTS[name], count) for name, count in (told.get("effects") or {}).items() if count]
    return {"counts": counts, "examples": told.get("examples") or []}


def _too_many(act: str, chosen: _Chosen) -> Told:
    if act == "release":
        lines = [f"More than {MOST_SHOWN} match: all of them that are held go to Trackely as they are."]
        hidden = [("of", chosen.of), ("filter", chosen.text)]
        return Told(what=chosen.named, lines=lines, seen="many", back=chosen.back, hidden=hidden)
    if act == "discard":
        lines = [f"More than {MOST_SHOWN} match: all of them are set aside for good, by an operation."]
        hidden = [("of", chosen.of), ("filter", chosen.text)]
        return Told(what=chosen.named, lines=lines, seen="many", back=chosen.back, hidden=hidden)
    return Told(
        what=chosen.named,
        lines=[
            f"More than {MOST_SHOWN} match: what replaying them would do is found out by an operation first.",
            "Nothing is replayed yet: when it is done, its page has the numbers and the button.",
        ],
        seen="many",
        back=chosen.back,
        hidden=[("of", chosen.of), ("filter", chosen.text)],
    )


async def _status(visit: Visit, chosen: _Chosen) -> str | None:
    if chosen.of != "events" or len(chosen.ids) != 1:
        return None
    status: str = (await visit.ask("show_event", {"id": chosen.ids[0]}))["status"]
    return status


def _doer(act: str) -> Any:
    async def do(visit: Visit, fields: Fields) -> str:
        chosen = await _chosen(visit, fields, act)
        force = fields.one("force") == "yes"
        if act == "release":
            which = {"ids": chosen.ids} if chosen.is_all else {"filter": dict(chosen.pairs)}
            await visit.ask("release_dead_letters", body={**which, **because(fields)})
            return f"{chosen.back}{'&' if '?' in chosen.back else '?'}did={act}"
        if chosen.is_all and len(chosen.ids) == 1:
            flags = {"force": True} if force else {}
            body = {"ids": chosen.ids, **flags, **because(fields)}
            await visit.ask(_call(act, chosen.of), body=body)
            return f"{chosen.back}{'&' if '?' in chosen.back else '?'}did={act}"
        wanted: dict[str, Any] = {
            "kind": act,
            "of": _OF[chosen.of][0],
            **because(fields),
            **({"force": True} if force else {}),
        }
        if chosen.is_all:
            wanted["ids"] = chosen.ids
        else:
            wanted["filter"] = dict(chosen.pairs)
            wanted["kind"] = "preview" if act == "replay" else act
        made = await visit.ask("make_operation", body=wanted)
        return f"/console/operations/{made['operation']['id']}"

    return do


async def _tell_previewed(visit: Visit, fields: Fields) -> Told:
    preview = (await visit.ask("show_operation", {"id": fields.one("id")}))["operation"]
    effects = dict(preview["effects"] or {})
    sends = effects.pop("sends", 0)
    is_done = preview["kind"] == "preview" and preview["status"] == "done"
    return Told(
        what=f"{preview['total']} events of preview {preview['id']}",
        lines=[
            f"{preview['total']} events are translated again, with today's adapters and options.",
            f"{sends} orders go to Trackely, by what the preview found; what changed since is skipped and counted.",
        ],
        seen=preview["status"],
        back=f"/console/operations/{preview['id']}",
        effects=_shown({"effects": effects}),
        cannot=None if is_done else "The preview is not done.",
        hidden=[("id", preview["id"])],
    )


async def _replay_previewed(visit: Visit, fields: Fields) -> str:
    preview = (await visit.ask("show_operation", {"id": fields.one("id")}))["operation"]
    wanted = {"kind": "replay", "of": preview["of"], "preview": preview["id"], **because(fields)}
    made = await visit.ask("make_operation", body=wanted)
    return f"/console/operations/{made['operation']['id']}"


BULK: Final[dict[str, Act]] = {
    "replay": Act(title="Replay", button="Replay", tell=_teller("replay"), do=_doer("replay"), says_why="may"),
    "discard": Act(
        title="Discard", button="Discard", tell=_teller("discard"), do=_doer("discard"), says_why="may", is_grave=True
    ),
    "release": Act(title="Release", button="Release", tell=_teller("release"), do=_doer("release"), says_why="may"),
    "replay-previewed": Act(
        title="Replay", button="Replay", tell=_tell_previewed, do=_replay_previewed, says_why="may"
    ),
}  # fmt: skip
"""By their names in the address."""
