"""What replayed events would do to the orders as they are, one after another, by the order's own life."""

from collections.abc import Collection, Iterable
from itertools import chain, zip_longest
from typing import Final

import msgspec

from gateway.events import EventStatus, Micros, OrderState, OrderStatus, TranslatedEvent, UntranslatedEvent
from gateway.ground.changes import changes
from gateway.records import Effect, EffectExample, Effects, MemberChange
from gateway.store.rules import lifecycle, set_aside
from gateway.store.rules.inbox import digest_of
from gateway.store.rules.lifecycle import NewState, PresentOrder

MOST_EXAMPLES: Final = 20

_RANK: Final[tuple[Effect, ...]] = ("dead", "new", "changed", "cancelled", "unchanged", "superseded")
"""An event of several orders counts as the first of these that one of them is."""

_WITHOUT_STATES: Final[dict[EventStatus, Effect]] = {
    EventStatus.DEAD: "dead",
    EventStatus.IGNORED: "ignored",
    EventStatus.WAITING: "asks",
}

Key = tuple[str, str]


class Judge:
    """Judges translated events in sequence; what each did to its orders stands for those after it."""

    def __init__(self, now: Micros, *, is_forced: bool) -> None:
        self._now = now
        self._is_forced = is_forced
        self._orders: dict[Key, PresentOrder] = {}
        self._records: dict[tuple[str, str], str] = {}
        self._touched: set[Key] = set()
        self._states = 0
        self._counts: dict[Effect, int] = {}
        self._examples: dict[Effect, list[EffectExample]] = {}

    def unknown_records(self, translated: Iterable[TranslatedEvent]) -> set[tuple[str, str]]:
        """Vendors' records, by source, that must be told by `know_records` before these can be judged."""
        states = [(event.source, state) for event in translated for state in event.states]
        return {(source, state.record) for source, state in states if state.record is not None} - self._records.keys()

    def know_records(self, records: dict[tuple[str, str], str]) -> None:
        """Under which ids vendors' records are known."""
        self._records |= records

    def named(self, event: TranslatedEvent) -> TranslatedEvent:
        """The event with a name for what names an order by its record alone."""

        def name(state: OrderState) -> OrderState:
            known = self._records.get((event.source, state.record or ""), f"record:{state.record}")
            return state if state.external_order_id else msgspec.structs.replace(state, external_order_id=known)

        return msgspec.structs.replace(event, states=tuple(name(state) for state in event.states))

    def unknown(self, translated: Iterable[TranslatedEvent]) -> set[Key]:
        """Orders that must be told by `know` before these can be judged."""
        orders = {(state.tenant, state.external_order_id) for event in translated for state in event.states}
        return orders - self._orders.keys()

    def know(self, orders: Iterable[PresentOrder]) -> None:
        """How orders are at present."""
        self._orders |= {(each.row.tenant, each.row.external_order_id): each for each in orders}

    def count(self, effect: Effect, events: int = 1) -> None:
        """So many events have this effect, for which no order is asked."""
        if events:
            self._counts[effect] = self._counts.get(effect, 0) + events

    def judge(self, event: UntranslatedEvent, translated: TranslatedEvent) -> None:
        """Count what an event would do."""
        if not translated.states:
            effect = _WITHOUT_STATES.get(translated.status, "ignored")
            self.count(effect)
            self._show(EffectExample(str(event.id), None, None, effect, ()))
            return
        found = [self._place(event, state) for state in translated.states]
        self.count(min((example.effect for example in found), key=_RANK.index))
        for example in found:
            self._show(example)

    def effects(self) -> Effects:
        """All that was counted; examples of each effect in turn."""
        in_turn = chain.from_iterable(zip_longest(*self._examples.values()))
        examples = [example for example in in_turn if example is not None][:MOST_EXAMPLES]
        sends = sum(self._orders[key].row.status == OrderStatus.PENDING for key in self._touched)
        return Effects(counts=self._counts, sends=sends, examples=tuple(examples))

    def _place(self, event: UntranslatedEvent, state: OrderState) -> EffectExample:
        key = state.tenant, state.external_order_id
        present = self._orders.get(key)
        effect = self._effect(event, state, present)
        told = effect in ("new", "changed") and state.body is not None
        before = None if present is None else present.body
        difference = changes(before, state.body) if told else ()
        members = tuple(MemberChange(each.member, each.before, each.after) for each in difference)
        if effect not in ("dead", "superseded"):
            self._touched.add(key)
            self._orders[key] = PresentOrder(self._orders[key].row, state.body)
        return EffectExample(str(event.id), *key, effect, members)

    def _effect(self, event: UntranslatedEvent, state: OrderState, present: PresentOrder | None) -> Effect:
        row = None if present is None else present.row
        if state.dead is not None or self._is_renamed(event.source, state):
            is_past = not self._is_forced and set_aside.is_overtaken(state, event.id, row)
            return "superseded" if is_past else "dead"
        self._states -= 1
        clock = max(self._now, row.clock + 1 if row else 0) if self._is_forced else state.clock
        digest = None if state.body is None else digest_of(state.body)
        placed = NewState(
            self._states, state.tenant, state.external_order_id, state.owner, clock, state.tie, event.id, digest
        )
        if row is None:
            first, _ = lifecycle.first(self._states, placed, self._now)
            self._orders[state.tenant, state.external_order_id] = PresentOrder(first, state.body)
            return "cancelled" if digest is None else "new"
        before = row.digest
        shared, hint = state.is_shared, state.collision_hint
        told = lifecycle.arrive(row, placed, self._now, is_shared=shared, must_send=True, collision_hint=hint)
        status = next(change.status for change in reversed(told) if change.state == placed.id)
        if status == EventStatus.DEAD:
            return "dead"
        if status == EventStatus.SUPERSEDED:
            return "superseded"
        if digest is None:
            return "cancelled"
        return "unchanged" if digest == before else "changed"

    def _is_renamed(self, source: str, state: OrderState) -> bool:
        if state.record is None:
            return False
        known = self._records.setdefault((source, state.record), state.external_order_id)
        return known != state.external_order_id and not self._is_forced

    def _show(self, example: EffectExample) -> None:
        shown = self._examples.setdefault(example.effect, [])
        if len(shown) < MOST_EXAMPLES:
            shown.append(example)


def portions(events: Collection[int], size: int) -> Iterable[list[int]]:
    """Events by rising number, so many at a time."""
    ordered = sorted(set(events))
    return (ordered[start : start + size] for start in range(0, len(ordered), size))
