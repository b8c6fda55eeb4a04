"""What a cancellation is called that names its order by the vendor's record alone.

It is the order that the source has sent under that record. Where there is none yet the cancellation is a tombstone of a
name of its own, which the first state of that record takes over, so that the late creation does not deliver.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Final

import msgspec

from gateway.events import OrderState, TranslatedEvent
from gateway.store.rules.transactions import Transaction

TOMBSTONE: Final = "record:"

Records = Mapping[tuple[str, str], OrderState]
"""The states that name a record and its order, by source and record."""


def named(
    transaction: Transaction, translated: Sequence[TranslatedEvent], looking_on: Collection[int]
) -> Sequence[TranslatedEvent]:
    """The events with a name for each state, inside a transaction; of those that look on no order is renamed."""
    recorded = [(event, state) for event in translated for state in event.states if state.record is not None]
    if not recorded:
        return translated
    named_at_once = [(event, state) for event, state in recorded if state.external_order_id]
    told = {(event.source, str(state.record)): state for event, state in named_at_once}
    if told and transaction.execute("naming.has_tombstones").fetchone() is not None:
        for event, state in named_at_once:
            if event.id not in looking_on:
                _take_over(transaction, event.source, str(state.record), state)
    if all(state.external_order_id for _, state in recorded):
        return translated

    def renamed(event: TranslatedEvent) -> TranslatedEvent:
        states = tuple(_named(transaction, event.source, state, told) for state in event.states)
        return msgspec.structs.replace(event, states=states)

    return [renamed(event) for event in translated]


def _named(transaction: Transaction, source: str, state: OrderState, told: Records) -> OrderState:
    if state.external_order_id or state.record is None:
        return state
    found = transaction.execute("naming.order_of", (source, state.record)).fetchone()
    if found is not None:
        tenant, name, owner = found
        return msgspec.structs.replace(state, tenant=tenant, external_order_id=name, owner=owner or state.owner)
    other = told.get((source, state.record))
    if other is None:
        return msgspec.structs.replace(state, external_order_id=TOMBSTONE + state.record)
    return msgspec.structs.replace(
        state, tenant=other.tenant, external_order_id=other.external_order_id, owner=other.owner
    )


def _take_over(transaction: Transaction, source: str, record: str, state: OrderState) -> None:
    found = transaction.execute("naming.order_of", (source, record)).fetchone()
    name = TOMBSTONE + record
    if found is None or found[1] != name:
        return
    new, old = (state.tenant, state.external_order_id), (found[0], name)
    if transaction.execute("naming.is_there", new).fetchone() is None:
        # An engine may find states by their order's row: that goes last.
        transaction.execute("naming.rename_states", (*new, state.owner, *old))
        transaction.execute("naming.rename_order", (*new, state.owner, *old))
    transaction.execute("naming.rename_record", (*new, source, record))
