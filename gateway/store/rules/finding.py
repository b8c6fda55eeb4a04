"""Finding anything by a text: orders and events by every name that they bear, exactly, ignoring case, by a beginning.

Each way has an index, and ends when enough was found; nothing is read whole, however much is stored.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, get_args

from gateway.records import Found, FoundHow, FoundMatch, Sibling
from gateway.store.rules import reasons
from gateway.store.rules.transactions import Question, Transaction

Key = tuple[str, int]
"""`order` or `event`, and the row."""

MOST_SIBLINGS: Final = 20
"""Of each order that is found."""

_OF_EVENTS: Final = "of events"
"""In the place of a kind: events, of which orders may have come."""

_LAST: Final = "\U0010ffff"
_NUMBER: Final = 18
"""Digits that surely fit into 64 bits."""


def find(transaction: Transaction, text: str, limit: int) -> tuple[list[Found], bool]:
    """What bears the text, the best matches first; whether there is more."""
    search = _Search(transaction, text, limit + 1)
    search.by_id()
    for how in get_args(FoundHow):
        search.by_names(how)
    keys = list(search.found)[:limit]
    return _told(transaction, {key: search.found[key] for key in keys}), search.is_cut or len(search.found) > limit


class _Search:
    """One text's matches, in the order in which they were found."""

    def __init__(self, transaction: Transaction, text: str, most: int) -> None:
        self._transaction = transaction
        self._text = text
        self._most = most
        self.found: dict[Key, tuple[FoundMatch, FoundHow]] = {}
        self.is_cut = False

    def by_id(self) -> None:
        """Rows by their ids: an event's number, or a dead letter's id."""
        kind, _, number = self._text.rpartition("-")
        if number.isascii() and number.isdigit() and len(number) <= _NUMBER and kind in ("", "event", "order"):
            wanted = kind or "event"
            statement = "finding.order_by_id" if wanted == "order" else "finding.event_by_id"
            self._take(wanted, "id", "exact", self._transaction.execute(statement, (int(number),)).fetchall())

    def by_names(self, how: FoundHow) -> None:
        """Orders and events by what the vendor and Trackely call them."""
        if len(self.found) >= self._most:
            return
        asked: list[tuple[str, FoundMatch, Question]] = [
            *(("order", "externalOrderId", each) for each in self._named("order", how)),
            ("event", "externalOrderId", self._question("finding.events_set_aside", how)),
            ("order", "orderId", self._question("finding.orders_by_order_id", how)),
            (_OF_EVENTS, "reference", self._question("finding.events_by_reference", how)),
            *(("event", "eventId", each) for each in self._named("event", how)),
        ]
        found = self._transaction.together([question for *_, question in asked])
        for (kind, matched, _), rows in zip(asked, found, strict=True):
            if kind == _OF_EVENTS:
                self._take_what_came(rows, matched, how)
            else:
                self._take(kind, matched, how, rows)

    def _question(self, name: str, how: FoundHow) -> Question:
        """A statement that there is for each way in which a name may fit."""
        return f"{name}_{how}", (self._text, self._text + _LAST, self._most)

    def _named(self, kind: str, how: FoundHow) -> Iterator[Question]:
        """Rows by their own names: the key's index knows them as they are, another one those in mixed case."""
        spellings = list(dict.fromkeys((self._text, _in_lower_case(self._text), _in_upper_case(self._text))))
        if how == "beginning":
            for spelling in spellings:
                yield f"finding.{kind}s_beginning", (spelling, spelling + _LAST, self._most)
        else:
            yield f"finding.{kind}s_spelt", (spellings[:1] if how == "exact" else spellings[1:], self._most)
        if how != "exact":
            yield self._question(f"finding.{kind}s_in_mixed_case", how)

    def _take(self, kind: str, matched: FoundMatch, how: FoundHow, rows: list[Any]) -> None:
        self.is_cut = self.is_cut or len(rows) >= self._most
        for (row,) in rows:
            self.found.setdefault((kind, row), (matched, how))

    def _take_what_came(self, rows: list[Any], matched: FoundMatch, how: FoundHow) -> None:
        """Orders that came of events, and the events that no order came of."""
        self.is_cut = self.is_cut or len(rows) >= self._most
        if rows:
            came = self._transaction.execute("finding.of_events", ([event for (event,) in rows],)).fetchall()
            for kind, row in came:
                self.found.setdefault((kind, row), (matched, how))


# Of ASCII letters alone, as the indexes do it.
def _in_lower_case(text: str) -> str:
    return text.encode().lower().decode()


def _in_upper_case(text: str) -> str:
    return text.encode().upper().decode()


def _told(transaction: Transaction, found: dict[Key, tuple[FoundMatch, FoundHow]]) -> list[Found]:
    ids: dict[str, list[int]] = {"order": [], "event": []}
    for kind, row in found:
        ids[kind].append(row)
    orders, events, beside = transaction.together([
        ("finding.orders", (ids["order"],)),
        ("finding.events", (ids["event"],)),
        ("finding.siblings", (ids["order"], MOST_SIBLINGS)),
    ])  # fmt: skip
    rows = {(kind, row[0]): row for kind, told in (("order", orders), ("event", events)) for row in told}
    siblings: dict[Key, list[Sibling]] = {}
    for row, tenant, name, status in beside:
        sibling = Sibling(tenant=tenant, external_order_id=name, status=status)
        siblings.setdefault(("order", row), []).append(sibling)
    # What retention removed meanwhile is not there any more.
    return [_found(key[0], rows[key], siblings.get(key, ()), *how) for key, how in found.items() if key in rows]


def _found(kind: Any, row: Sequence[Any], siblings: Iterable[Sibling], matched: FoundMatch, how: FoundHow) -> Found:
    id_, tenant, source, order, order_id, event_id, status, is_dead_letter, at, code, detail, path = row
    return Found(
        kind=kind, id=id_, tenant=tenant, source=source, external_order_id=order, order_id=order_id, event_id=event_id,
        status=status, reason=reasons.of(code, detail, path),
        is_dead_letter=bool(is_dead_letter), matched=matched, how=how, at=at,
        siblings=tuple(siblings),
    )  # fmt: skip
