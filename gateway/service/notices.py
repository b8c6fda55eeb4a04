"""Telling people: one message when a condition begins, one when it ends, through a restart."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Collection, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Final, TypeAlias

import msgspec
import structlog

from gateway.config.live import Live
from gateway.config.model import Notify
from gateway.config.urls import origin_of
from gateway.errors import StoreUnavailable
from gateway.events import SECOND, Clock, Micros
from gateway.ground.mail import post_mail
from gateway.ground.outgoing import Answer, OutgoingClient
from gateway.ground.supervision import Tick
from gateway.orders import TenantState, TenantStatus
from gateway.records import Silence, Told
from gateway.store.ports import Records, Store, ToldLedger

LOOK_SECONDS: Final = 2.0
REST_SECONDS: Final = 30.0
"""After a message that did not go out."""
TIMEOUT_SECONDS: Final = 10.0
_MOST_READ: Final = 64 * 1024
_GOOD: Final = range(200, 300)

_log: Final = structlog.get_logger("gateway.notices")

WORDS: Final = {
    "halt": ("tenant {} is halted: nothing is sent to it", "tenant {} is no longer halted"),
    "silence": ("source {} is silent", "source {} sends again"),
    "dead_letters": ("tenant {} has dead letters", "tenant {} has no dead letters any more"),
    "store": ("new events cannot be stored", "new events are stored again"),
    "backlog": ("tenant {} has as many pending orders as it may have", "tenant {} takes orders again"),
}
_PLACES: Final = {"halt": "tenants", "silence": "sources", "dead_letters": "dead-letters", "backlog": "tenants"}

Seen: TypeAlias = dict[tuple[str, str], str | None]
"""What is the matter, by event and subject, and the code of its reason where it has one; a silence has a sentence."""


class Message(msgspec.Struct, frozen=True):
    """What people are told; never a body, a secret or a person's data."""

    event: str
    status: str
    subject: str
    reason: str | None
    at: str
    text: str
    link: str


class Surroundings:
    """What is the matter at this moment."""

    def __init__(
        self,
        live: Live,
        records: Records,
        silences: Callable[[], Awaitable[Mapping[str, Silence]]],
        states: Callable[[], Mapping[str, TenantState]],
        problems: Callable[[], Collection[str]],
        full: Callable[[], Collection[str]],
    ) -> None:
        self._live = live
        self._records = records
        self._silences = silences
        self._states = states
        self._problems = problems
        self._full = full

    async def seen(self) -> Seen:
        """All of it. Raises StoreUnavailable."""
        seen: Seen = {}
        for name, state in self._states().items():
            if state.status is TenantStatus.HALTED:
                seen["halt", name] = state.reason.code if state.reason else None
        seen |= {("backlog", name): "backlog_full" for name in self._full()}
        if self._problems():
            seen["store", ""] = None
        seen |= {
            ("silence", name): each.why for name, each in (await self._silences()).items() if each.state == "silent"
        }
        return seen | await self._dead()

    async def _dead(self) -> Seen:
        figures = await self._records.tenant_figures(self._live.config.belonging)
        return {
            ("dead_letters", name): None
            for name in self._live.tenants
            if name in figures and figures[name].dead_letters
        }


class NoticeLoop:
    """Looks every two seconds, and tells each of whom the configuration names what it asks for."""

    def __init__(self, live: Live, store: Store, surroundings: Surroundings, clock: Clock) -> None:
        self._live = live
        self._ledger: ToldLedger = store.told
        self._surroundings = surroundings
        self._clock = clock
        self._client = OutgoingClient()
        self._rests_until: dict[str, Micros] = {}
        # What the store could not be told yet, the disk being full, say: a beginning or an end.
        self._unsaved: dict[tuple[str, str, str], tuple[Told, bool]] = {}

    async def run(self, tick: Tick) -> None:
        """Tell for ever. The first look comes when all rooms have had theirs."""
        try:
            known = set(await self._ledger.told())
            while True:
                await asyncio.sleep(LOOK_SECONDS)
                tick()
                try:
                    known = await self._look(known, tick)
                except StoreUnavailable:
                    continue
        finally:
            await self._client.close()

    async def _look(self, known: set[Told], tick: Tick) -> set[Told]:
        await self._save()
        seen = await self._surroundings.seen()
        now = self._clock()
        for target in self._live.settings.notify:
            whom = _whom(target)
            told = {(each.event, each.subject): each for each in known if each.whom == whom}
            wanted = {key: why for key, why in seen.items() if key[0] in target.events}
            begun = [Told(whom, *key, now) for key in wanted.keys() - told.keys()]
            ended = [each for key, each in told.items() if key not in wanted]
            for each, is_end in [*((one, False) for one in begun), *((one, True) for one in ended)]:
                if self._rests_until.get(whom, 0) > now:
                    break
                tick()
                message = self._message(each, wanted.get((each.event, each.subject)), is_end=is_end)
                if not await self._tell(target, message):
                    self._rests_until[whom] = now + int(REST_SECONDS * SECOND)
                    break
                known = known - {each} if is_end else known | {each}
                self._unsaved[each.whom, each.event, each.subject] = each, is_end
                await self._save()
        return known

    async def _save(self) -> None:
        unsaved = [*self._unsaved.values()]
        if unsaved:
            with suppress(StoreUnavailable):
                await self._ledger.remember(
                    *([each for each, is_end in unsaved if is_end is which] for which in (False, True))
                )
                self._unsaved.clear()

    def _message(self, told: Told, reason: str | None, *, is_end: bool) -> Message:
        server = self._live.settings.server
        door = server.admin or server
        place = _PLACES.get(told.event)
        named = f"{place}/{told.subject}" if place in ("tenants", "sources") else place
        return Message(
            event=told.event,
            status="ended" if is_end else "began",
            subject=told.subject,
            reason=reason,
            at=datetime.fromtimestamp(self._clock() / SECOND, UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
            text=WORDS[told.event][is_end].format(told.subject),
            link=origin_of(door.host, door.port) + (f"/console/{named}" if named else "/readyz"),
        )

    async def _tell(self, target: Notify, message: Message) -> bool:
        if target.url is not None:
            answer = await self._client.ask(
                "POST",
                target.url,
                headers={"Content-Type": "application/json"},
                timeout=TIMEOUT_SECONDS,
                most_read=_MOST_READ,
                content=[msgspec.json.encode(message)],
            )
            went = f"{answer.status}" if isinstance(answer, Answer) else answer.kind
            is_told = isinstance(answer, Answer) and answer.status in _GOOD
        else:
            went, is_told = await _mailed(target, message)
        tell = _log.info if is_told else _log.warning
        tell("notice", notice=message.event, subject=message.subject, state=message.status, outcome=went)
        return is_told


def _whom(target: Notify) -> str:
    """Who it is, without saying it: a webhook's URL is a secret."""
    return hashlib.sha256(f"{target.url or ''}\n{target.email or ''}".encode()).hexdigest()[:16]


async def _mailed(target: Notify, message: Message) -> tuple[str, bool]:
    mail = EmailMessage()
    mail["From"] = mail["To"] = target.email
    mail["Subject"] = f"Trackely Gateway: {message.text}"
    reason = "" if message.reason is None else f"Reason: {message.reason}\n"
    mail.set_content(f"{message.text}.\n\n{reason}At: {message.at}\nLook: {message.link}\n")
    try:
        await asyncio.to_thread(post_mail, target.smtp or "", mail)
    except OSError as error:
        return type(error).__name__, False
    return "sent", True
