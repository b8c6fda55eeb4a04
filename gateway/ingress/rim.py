"""The HTTP rim: one plain ASGI callable for `/hooks/{source}[/anything]`, in front of everything else.

A hook that arrives whole and in order is taken without a task of its own; every other goes the ordinary way, and so
does, from its beginning, one that could not be stored.

`judgement` says what is thought of a request, the same on both ways. Nothing but proof of the sender, the grammar and
the event ID stands between a request and the disk.
"""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from functools import partial
from urllib.parse import unquote, unquote_to_bytes

import msgspec
import structlog
from starlette.types import ASGIApp, Receive, Scope, Send

from adapters import Acknowledgement, Hook, Ping
from gateway.config.live import Live
from gateway.config.model import Config
from gateway.errors import StoreUnavailable
from gateway.events import Arrival, Clock, Micros, Reason, Receipt, context_of
from gateway.ground.addresses import is_one_sender, neighbourhood
from gateway.ground.answers import OK_HEAD, Answer
from gateway.ground.exchange import JUDGED, Respond, Start
from gateway.ground.watchdog import FAILURES, Watchdog
from gateway.ingress import answers
from gateway.ingress.answers import adapters_answer
from gateway.ingress.door import Door, Head
from gateway.ingress.figures import Figures, Tally
from gateway.ingress.grammar import fault_in
from gateway.ingress.handshake import peeked
from gateway.ingress.identity import Identified, Taken, take_apart
from gateway.ingress.judgement import Refused, judge_address, judge_head, judge_whole, too_large, unavailable
from gateway.ingress.refusals import RefusalLog
from gateway.ingress.turning_away import TurningAway
from gateway.ingress.unproven import Crowded, Held, Unproven
from gateway.store.ports import Inbox, Outcome

PREFIX = b"/hooks/"


LARGE = 256 * 1024
"""Bytes of a body that is judged in turns: one at a time, and others may have theirs between its steps."""


class Disconnected(Exception):  # noqa: N818 - named by what happened
    """The sender went away before its body was complete; nothing is stored."""


class _Sight(msgspec.Struct, frozen=True):
    """A configuration as the rim sees it: `doors` by their names in a path, sizes in bytes, trusted `proxies`."""

    doors: Mapping[bytes, Door]
    max_body: int
    unproven: int
    proxies: int


class Rim:
    """Receives, proves, names, stores, acknowledges.

    Args:
        live: the sources and limits.
        inbox: where events go.
        clock: the wall clock.
        received: the trusted one, for receipts.
        refusals: where refusals are kept.
        figures: where figures go; `flush` hands them over, as does every thousandth request.
        blocked: why nothing new of a source may be stored now, or None; asked for each request.
        monotonic: seconds for spans.
    """

    def __init__(
        self,
        live: Live,
        inbox: Inbox,
        *,
        clock: Clock,
        received: Clock | None = None,
        refusals: RefusalLog,
        figures: Figures,
        blocked: Callable[[str], Reason | None] = lambda _source: None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._inbox = inbox
        self._clock = clock
        self._received = received or clock
        self._figures = figures
        self._blocked = blocked
        self._monotonic = monotonic
        self._tally = Tally(figures)
        self._watchdog = Watchdog()
        self._one_at_a_time = asyncio.Lock()
        self._unproven = Unproven(lambda: self._live.value.unproven, monotonic)
        self._turning_away = TurningAway(refusals, figures, clock, monotonic, lambda: self._live.value.proxies)
        self._log = structlog.get_logger("gateway.ingress")
        self._live = live.derive(self._sight)

    def _sight(self, config: Config) -> "_Sight":
        """What the rim needs to know of a configuration. Raises ValueError for credentials that are none."""
        doors = {}
        for source in config.sources.values():
            door = Door(source, self._clock)
            for name in (source.name, *source.settings.aliases):
                doors[name.encode()] = door
        limits = config.settings.limits
        return _Sight(doors, limits.max_body, limits.unproven, config.settings.server.trusted_proxies)

    def flush(self) -> None:
        """Hand the figures over, before they are shown."""
        self._tally.hand_over()

    def close(self) -> None:
        """End the watching thread and hand the figures over."""
        self._watchdog.close()
        self.flush()

    def before(self, app: ASGIApp) -> "Front":
        """An application that answers hooks here and leaves everything else to `app`."""
        return Front(self, app)

    def take(self, scope: Scope, body: bytes, respond: Respond, start: Start) -> bool:
        """Store a whole hook, and answer once it is stored; False: nothing has happened, it may not be in order."""
        started, sight = self._monotonic(), self._live.value
        head: Head | None = scope.get(JUDGED)
        if head is None or head.sight is not sight:
            head = self._judged(sight, scope)
        # Nothing is counted here; the ordinary way alone tells of what is odd.
        if head is None or len(body) > sight.max_body or self._blocked(head.door.name) is not None:
            return False
        door, headers = head.door, head.headers
        if door.pings is not None and door.pings.read(headers, head.query, body) is not None:
            return False
        if not (head.is_proven or door.proofs.fit_body(headers, body)) or fault_in(body) is not None:
            return False
        taken = take_apart(door.adapter, head.with_body(body), self._watchdog)
        if taken.dead is not None:
            return False
        arrival = _arrival_of(door, taken.events, self._received(), head.context)
        self._inbox.give(arrival, partial(self._conclude, door, taken, started, respond, start))
        return True

    def _judged(self, sight: _Sight, scope: Scope) -> Head | None:
        """What a head in order has told, None of any other; kept with the scope, where it would tell the same again."""
        if not scope["raw_path"].startswith(PREFIX) or scope["method"] != "POST":
            return None
        name, _, rest = scope["raw_path"][len(PREFIX) :].partition(b"/")
        door = sight.doors.get(name)
        if door is None:
            return None
        headers, query = door.read(scope["headers"]), scope["query_string"]
        try:
            is_proven = judge_head(door, headers, query, partial(self._turning_away.address, scope), sight.max_body)
        except Refused:
            return None
        if door.doubled(headers) is not None:
            return None
        hook = door.hook(b"", headers, query, _path_of(rest))
        head = Head(sight, door, headers, is_proven, query, hook, context_of(hook))
        if head.is_lasting:
            scope[JUDGED] = head
        return head

    def _conclude(
        self, door: Door, taken: Taken, started: float, respond: Respond, start: Start, stored: Outcome
    ) -> None:
        """Answer a hook that was taken; what went wrong goes the ordinary way, from its beginning."""
        try:
            is_duplicate = self._counted(door, taken, stored, started)
        except Exception:  # noqa: BLE001 - the ordinary way tells of it
            start(self)
            return
        if door.adapter.acknowledge is None:
            # Nearly every one: nothing is made for it but its bytes.
            body = answers.accepted(taken.events[0][1].event_id, taken.several, is_duplicate=is_duplicate)
            if respond(OK_HEAD % len(body), body):
                return
        answer = self._acknowledge(door, taken, is_duplicate=is_duplicate)
        if not (answer.is_plain and respond(OK_HEAD % len(answer.body), answer.body)):
            start(answer)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        name, _, rest = scope["raw_path"][len(PREFIX) :].partition(b"/")
        doors = self._live.value.doors
        door = doors.get(name) or doors.get(unquote_to_bytes(name))
        try:
            if door is None:
                answer = self._turning_away.refuse(None, scope, Refused(answers.UNKNOWN_SOURCE, "unknown_source"))
            elif scope["method"] == "POST":
                answer = await self._post(door, scope, receive, rest)
            else:
                answer = self._probe(door, scope)
        except Refused as refused:
            answer = self._turning_away.refuse(door, scope, refused)
        except Crowded:
            answer = self._turning_away.refuse(door, scope, Refused(answers.CROWDED, "crowded"))
        except Disconnected:
            self._turning_away.give_up(door, scope)
            return
        except asyncio.CancelledError:
            # Only the end of a graceful stop cancels a request, and nothing comes after this answer. What was handed
            # to the inbox is stored all the same; a repeat is a duplicate.
            answer = self._turning_away.refuse(door, scope, Refused(answers.STOPPING, "stopping"))
        except Exception as error:  # noqa: BLE001 - the last resort: an answer, and a line that says where
            self._turning_away.complain("request failed", door.name if door else None, error)
            answer = self._turning_away.refuse(door, scope, Refused(answers.INTERNAL, "internal_error"))
        await answer(scope, receive, send)

    async def _post(self, door: Door, scope: Scope, receive: Receive, rest: bytes) -> Answer:
        started = self._monotonic()
        headers, query = door.read(scope["headers"]), scope["query_string"]
        address = partial(self._turning_away.address, scope)
        if door.pings is not None and door.pings.may_come(headers, query):
            judge_address(door, address)
            ahead, receive = await peeked(receive)
            greeting = None if ahead is None else self._greeting(door, scope, door.pings.read(headers, query, ahead))
            if greeting is not None:
                return greeting
        is_proven = judge_head(door, headers, query, address, self._live.value.max_body)
        with self._hold(scope, is_free=is_proven and not door.proofs.is_open) as held:
            body = await self._read(held, receive)
            blocked = self._blocked(door.name)
            async with self._one_at_a_time if len(body) > LARGE else nullcontext():
                for _ in judge_whole(door, headers, body, blocked, is_proven=is_proven):
                    if len(body) > LARGE:
                        await asyncio.sleep(0)
                hook = door.hook(body, headers, query, _path_of(rest))
                context = context_of(hook)
                taken = take_apart(door.adapter, hook, self._watchdog)
                arrival = _arrival_of(door, taken.events, self._received(), context)
        if taken.defect is not None:
            self._turning_away.complain("adapter defect", door.name, taken.defect)
        if blocked is not None:
            return await self._known(door, taken, arrival, blocked)
        return await self._store(door, taken, arrival, started)

    def _greeting(self, door: Door, scope: Scope, ping: Ping | None) -> Answer | None:
        """The answer to a handshake, None where it is none. Whoever asks pays as for a failed proof."""
        if door.pings is None or ping is None:
            return None
        try:
            answer = door.pings.answer(ping)
        except FAILURES as error:  # an integrator's function may fail in any way
            self._turning_away.complain("adapter defect", door.name, error)
            return None
        if answer is not None:
            limited = self._turning_away.too_many(door, scope, None)
            if limited is not None:
                raise limited
            self._figures.handshakes(door.name, 1)
        return answer

    def _hold(self, scope: Scope, *, is_free: bool) -> Held:
        if is_free:
            return self._unproven.hold("", is_alone=False, is_free=True)
        client, address = scope.get("client"), self._turning_away.address(scope)
        is_alone = is_one_sender(address, client[0] if client else None, self._live.value.proxies)
        return self._unproven.hold(neighbourhood(address), is_alone=is_alone)

    async def _read(self, held: Held, receive: Receive) -> bytes:
        most = self._live.value.max_body
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise Disconnected
            held.take(message.get("body", b""))
            if len(held.body) > most:
                raise too_large(most, len(held.body))
            if not message.get("more_body", False):
                return bytes(held.body)

    async def _store(self, door: Door, taken: Taken, arrival: Arrival, started: float) -> Answer:
        try:
            # Not shielded: the inbox keeps an arrival whose future was cancelled, and a shield costs on every request.
            receipt = await self._inbox.put(arrival)
        except StoreUnavailable as error:
            self._turning_away.complain("cannot store", door.name, error)
            return await self._known(door, taken, arrival, None)
        return self._acknowledge(door, taken, is_duplicate=self._counted(door, taken, receipt, started))

    def _counted(self, door: Door, taken: Taken, receipt: Outcome, started: float) -> bool:
        """Count what was stored of a request; whether nothing of it is new. Raises StoreUnavailable: it was not."""
        if isinstance(receipt, StoreUnavailable):
            raise receipt
        receipts, seconds, is_new = (receipt, *receipt.others), self._monotonic() - started, False
        for each in receipts:
            is_new = is_new or each.is_new
            self._tally.acknowledged(door.name, each.kind, seconds)
        if taken.dead is not None:
            self._tell_of_dead(door, taken, receipts)
        return not is_new

    def _tell_of_dead(self, door: Door, taken: Taken, receipts: tuple[Receipt, ...]) -> None:
        for (_, found), stored in zip(taken.events, receipts, strict=True):
            if found.dead is not None and stored.is_new:
                self._figures.dead_event(door.name, found.dead.code, 1)
                self._log.warning("dead", source=door.name, event_id=found.event_id, code=found.dead.code)

    async def _known(self, door: Door, taken: Taken, arrival: Arrival, blocked: Reason | None) -> Answer:
        """The answer while nothing can be stored: what is on disk already still gets its 200."""
        try:
            is_duplicate = all([await self._inbox.is_duplicate(each) for each in (arrival, *arrival.others)])
        except StoreUnavailable:
            is_duplicate = False
        if not is_duplicate:
            raise unavailable(blocked, arrival.size)
        return self._acknowledge(door, taken, is_duplicate=True)

    def _acknowledge(self, door: Door, taken: Taken, *, is_duplicate: bool) -> Answer:
        first, dead, several = taken.events[0][1], taken.dead, taken.several
        if dead is not None:
            is_rejected = door.rejects_malformed
            return answers.troubled(first.event_id, dead, several, is_duplicate=is_duplicate, is_rejected=is_rejected)
        own = door.adapter.acknowledge
        if own is not None:
            try:
                told = Acknowledgement(first.event_id, is_duplicate, first.topic, taken.hook)
                reply = self._watchdog.call(own, told)
                return adapters_answer(reply.status, reply.content)
            except FAILURES as error:  # an integrator's function may fail in any way
                self._turning_away.complain("adapter defect", door.name, error)
        return Answer(200, answers.accepted(first.event_id, several, is_duplicate=is_duplicate))

    def _probe(self, door: Door, scope: Scope) -> Answer:
        method = scope["method"]
        if method not in ("GET", "HEAD"):
            raise Refused(answers.METHOD, "method")
        own = door.adapter.probe
        if own is not None:
            try:
                probe = door.probe(method, door.read(scope["headers"]), scope["query_string"])
                reply = self._watchdog.call(own, probe)
                return adapters_answer(reply.status, reply.content)
            except FAILURES as error:  # an integrator's function may fail in any way
                self._turning_away.complain("adapter defect", door.name, error)
        return door.probed


def _path_of(rest: bytes) -> str:
    """What stands behind a source's name in a path."""
    return unquote(rest.decode("latin-1"), errors="replace") if rest else ""


def _arrival_of(door: Door, events: Sequence[tuple[Hook, Identified]], received_at: Micros, context: bytes) -> Arrival:
    """A request's first event, with its others."""
    (hook, found), *rest = events
    window = door.hash_window if found.is_hash else 0
    others = tuple([_arrival_of(door, (event,), received_at, context) for event in rest]) if rest else ()
    return Arrival(door.name, found.event_id, found.topic, received_at, hook.body, context, window, found.dead, others)


class Front:
    """The rim in front of another application."""

    def __init__(self, rim: Rim, app: ASGIApp) -> None:
        self._rim = rim
        self._app = app
        self.take = rim.take

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "http" and scope["raw_path"].startswith(PREFIX):
            await self._rim(scope, receive, send)
        else:
            await self._app(scope, receive, send)
