"""Replaying events, or telling what that would do: at once, or, of many, by an operation."""

from typing import Final

from gateway.api import shapes, views
from gateway.api.call import Ask
from gateway.api.doors import Doors
from gateway.api.operations import begin
from gateway.api.requests.bodies import Replaying
from gateway.api.requests.reading import text_or_none
from gateway.records import NewOperation

MOST_PREVIEWED: Final = 1_000
"""Events whose effects are told while the caller waits."""


async def replay(
    doors: Doors, ask: Ask, events: list[int], what: str, missing: tuple[str, ...] = ()
) -> shapes.Replayed | shapes.OperationMade:
    """Replay events, or tell what that would do; of more than the caller can wait for, by a preview that goes on."""
    flags, asked = ask.replay_flags, ask.body or Replaying()
    reason = text_or_none(asked.reason)
    if flags.dry_run and len(events) > MOST_PREVIEWED:
        wanted = NewOperation(kind="preview", of="events", items=tuple(map(str, events)), is_forced=flags.force)
        return await begin(doors, wanted, ask.act(doors, "preview", f"{what}{flags.told}", reason), missing)
    if flags.dry_run:
        count = sum((await doors.acts.have_bodies(events)).values())
        effects = await doors.preview.of_replay(events, is_forced=flags.force)
        return shapes.Replayed(replayed=count, missing=missing, **views.effects_of(effects))
    act = ask.act(doors, "replay", f"{what}{flags.told}", reason)
    replayed = await doors.acts.replay(events, force=flags.force, act=act)
    doors.audit(act.by, act.act, f"{act.what}: {replayed}")
    doors.wake_translation()
    return shapes.Replayed(replayed=replayed, missing=missing)
