"""Doing something to many, by ids or by a filter: an operation with its progress for people, one call for machines."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import typer

from gateway.cli.failure import FAILED, Failure
from gateway.cli.filters import Which
from gateway.cli.naming import note_strangers
from gateway.cli.operations import become, follow_to_its_end
from gateway.cli.show import many, note, show_bytes, show_facts, show_line, shown

if TYPE_CHECKING:
    from gateway.cli.client import Client

EFFECTS = {
    "new": "a new order",
    "changed": "changes its order",
    "unchanged": "as it is already",
    "superseded": "older than what is there",
    "dead": "dies again",
    "ignored": "no order comes of it",
    "cancelled": "cancels its order",
    "asks": "would ask the vendor first",
    "noBody": "its body is gone",
    "discarded": "set aside for good",
}


class Selection:
    """What is to be done to: the ids given, else all that fit the filter."""

    def __init__(self, ids: Sequence[str] | None, which: Which) -> None:
        self.ids = list(dict.fromkeys(ids or []))
        self.filter = {name: value for name, value in which.items() if value is not None}
        if bool(self.ids) == bool(self.filter):
            raise typer.BadParameter("expected either ids, or options that say which")

    @property
    def body(self) -> dict[str, Any]:
        """The selection as the API reads it."""
        return {"ids": self.ids} if self.ids else {"filter": self.filter}


def do(
    client: "Client",
    path: tuple[str, str],
    selection: Selection,
    *,
    flags: Mapping[str, Any],
    done: str,
    as_json: bool,
    wait: bool = False,
) -> None:
    """Do it to the selection by an operation, for machines by one call to `path`; `done` is the count's name.

    Ids that were given and are none of ours are said, and make the command fail; the others are acted on all the same.
    """
    missing: list[str] = []
    note_strangers(client, selection.filter)
    if as_json or flags.get("dryRun"):
        answer = client.post(*path, body={**selection.body, **flags})
        missing += answer.value.get("missing", ())
        if as_json:
            show_bytes(answer.content)
        else:
            _show_effects(_previewed(client, answer.value), done)
    else:
        made = client.post("operations", body={**operation_of(path, flags), **selection.body}).value
        missing += made.get("missing", ())
        ended = follow_to_its_end(client, made["operation"])
        show_line(_result(ended, done))
        if wait:
            become(client, ended)
    if missing:
        for words in _sentences(client, path[0], missing):
            note(f"gateway: {words}")
        raise typer.Exit(FAILED)


def _previewed(client: "Client", value: dict[str, Any]) -> dict[str, Any]:
    """What a dry run says; one of many goes on by itself, and is waited for."""
    if "operation" not in value:
        return value
    ended = follow_to_its_end(client, value["operation"])
    if ended["status"] != "done":
        raise Failure(f"the preview is {ended['status']}: gateway operations show {ended['id']}")
    effects = dict(ended["effects"])
    return {"replayed": ended["total"] - effects.get("noBody", 0), "sends": effects.pop("sends"), "effects": effects}


def _show_effects(value: dict[str, Any], done: str) -> None:
    """What a dry run says: how many, what would become of them, and some of it member by member."""
    show_line(f"{value[done]} would be {done}")
    effects = {EFFECTS[name]: count for name, count in value["effects"].items() if count}
    show_facts(effects)
    if done == "replayed":
        show_line(f"{many(value['sends'], 'order')} would go to the intake")
    for example in value.get("examples", ()):
        order = f", order {shown(example['externalOrderId'])}" if example["externalOrderId"] else ""
        show_line(f"\nevent {example['event']}{order}: {EFFECTS[example['effect']]}")
        for change in example["difference"]:
            show_line(f"  {change['member']}: {shown(change['from']) or '-'} → {shown(change['to']) or '-'}")


def operation_of(path: tuple[str, str], flags: Mapping[str, Any]) -> dict[str, Any]:
    """What a bulk command does, as an operation."""
    told = {name: value for name, value in flags.items() if name != "dryRun"}
    return {"kind": path[1], "of": {"events": "events", "dead-letters": "deadLetters"}[path[0]], **told}


def _result(operation: Mapping[str, Any], done: str) -> str:
    """How an operation ended, in a sentence."""
    words = [f"{operation['done']} {done}"]
    words += [f"{operation['skipped']} skipped, since they changed meanwhile"] if operation["skipped"] else []
    words += [f"{operation['failed']} had nothing left to do it to"] if operation["failed"] else []
    if operation["status"] != "done":
        words.append(f"{operation['status']}: gateway operations show {operation['id']}")
    return "; ".join(words)


def _sentences(client: "Client", what: str, missing: Sequence[str]) -> list[str]:
    """A sentence for each id to which there is nothing, with the one that may have been meant."""
    # An event may be there all the same, its body pruned or erased.
    told = "no dead letter {}" if what == "dead-letters" else "no event {} to replay"
    alike = {id_: _alike(what, id_) for id_ in missing}
    wanted = [each for some in alike.values() for each in some]
    there = set(wanted)
    if wanted:
        there -= set(client.post(what, "replay", body={"ids": wanted, "dryRun": True}).value.get("missing", ()))
    meant = {id_: next((each for each in some if each in there), None) for id_, some in alike.items()}
    return [told.format(shown(id_)) + (f"; did you mean {each}?" if each else "") for id_, each in meant.items()]


def _alike(what: str, id_: str) -> list[str]:
    """Ids that may be meant: an event's number is not yet the id of its dead letter, and the reverse."""
    if what == "dead-letters":
        return [f"event-{id_}", f"order-{id_}"] if id_.isdigit() else []
    return [id_.removeprefix("event-")] if id_.startswith("event-") else []
