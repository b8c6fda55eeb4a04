"""The HTTP rim: one plain ASGI callable for `/hooks/{source}[/anything]`, in front of everything else.

Refusals are judged in the order 404, 405, 401 (unless the proof needs the body), 415, 413, 401, 503, 400. Nothing but
proof of the sender, the grammar and the event ID stands between a request and the disk.
"""

import asyncio
import time
import traceback
from collections.abc import Callable, Mapping
from pathlib import PurePath
from urllib.parse import unquote, unquote_to_bytes

import structlog
from starlette.types import ASGIApp, Receive, Scope, Send

from adapters import Acknowledgement
from gateway.config.model import Config
from gateway.errors import StoreUnavailable
from gateway.events import Arrival, Clock, Reason
from gateway.ingress import answers
from gateway.ingress.addresses import client_address, is_allowed, neighbourhood, parsed
from gateway.ingress.answers import CLOSE, Answer, adapters_answer, error_answer, retry_after
from gateway.ingress.door import Door, is_identity, is_json_type
from gateway.ingress.failures import FailureLimit
from gateway.ingress.figures import Figures, Tally
from gateway.ingress.grammar import deep_fault, fault_in
from gateway.ingress.identity import Identified, identify
from gateway.ingress.refusals import LineLimit, RefusalLog
from gateway.ingress.verify import Headers
from gateway.records import RefusalRecord
from gateway.store.ports import Inbox
from gateway.watchdog import Overrun, Watchdog

PREFIX = b"/hooks/"
# What our own server offers besides ASGI; any other server does without.
_TIMED_OUT = "trackely.body_timeout"
_RESPOND = "trackely.respond"


class Refused(Exception):  # noqa: N818 - named by what happens to the request
    """The request is answered; nothing is stored. `reason` is one of `refusals.REASONS`."""

    def __init__(self, answer: Answer, reason: str, size: int | None = None) -> None:
        super().__init__(reason)
        self.answer = answer
        self.reason = reason
        self.size = size


class Disconnected(Exception):  # noqa: N818 - named by what happened
    """The sender went away before its body was complete; nothing is stored."""


class Rim:
    """Receives, proves, names, stores, acknowledges.

    Args:
        config: the sources and limits; `reload` takes another one.
        inbox: where events go.
        clock: the wall clock.
        refusals: where refusals are kept.
        figures: where figures go; `flush` hands them over, as does every thousandth request.
        blocked: why nothing new of a source may be stored now, or None; asked for each request.
        monotonic: seconds for spans.
    """

    def __init__(
        self,
        config: Config,
        inbox: Inbox,
        *,
        clock: Clock,
        refusals: RefusalLog,
        figures: Figures,
        blocked: Callable[[str], Reason | None] = lambda _source: None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._inbox = inbox
        self._clock = clock
        self._refusals = refusals
        self._figures = figures
        self._blocked = blocked
        self._monotonic = monotonic
        self._tally = Tally(figures)
        self._failures = FailureLimit(monotonic)
        self._watchdog = Watchdog()
        self._lines = LineLimit()
        self._log = structlog.get_logger("gateway.ingress")
        self._doors: Mapping[bytes, Door] = {}
        self.reload(config)

    def reload(self, config: Config) -> None:
        """Serve these sources from the next request on. Raises ValueError for credentials that are none."""
        doors = {}
        for source in config.sources.values():
            door = Door(source, self._clock)
            for name in (source.name, *source.settings.aliases):
                doors[name.encode()] = door
        self._max_body = config.settings.limits.max_body
        self._too_large = error_answer(413, "too_large", f"the body is larger than {self._max_body} bytes", CLOSE)
        self._proxies = config.settings.server.trusted_proxies
        self._doors = doors

    def flush(self) -> None:
        """Hand the figures over, before they are shown."""
        self._tally.hand_over()

    def close(self) -> None:
        """End the watching thread and hand the figures over."""
        self._watchdog.close()
        self.flush()

    def before(self, app: ASGIApp) -> ASGIApp:
        """An application that answers hooks here and leaves everything else to `app`."""

        async def front(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] == "http" and scope["raw_path"].startswith(PREFIX):
                await self(scope, receive, send)
            else:
                await app(scope, receive, send)

        return front

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        name, _, rest = scope["raw_path"][len(PREFIX) :].partition(b"/")
        door = self._doors.get(name) or self._doors.get(unquote_to_bytes(name))
        try:
            if door is None:
                answer = self._refuse(None, scope, Refused(answers.UNKNOWN_SOURCE, "unknown_source"))
            elif scope["method"] == "POST":
                answer = await self._post(door, scope, receive, rest)
            else:
                answer = self._probe(door, scope)
        except Refused as refused:
            answer = self._refuse(door, scope, refused)
        except Disconnected:
            self._give_up(door, scope)
            return
        except asyncio.CancelledError:
            # Only the end of a graceful stop cancels a request, and nothing comes after this answer. What was handed
            # to the inbox is stored all the same; a repeat is a duplicate.
            answer = self._refuse(door, scope, Refused(answers.STOPPING, "stopping"))
        except Exception as error:  # noqa: BLE001 - the last resort: an answer, and a line that says where
            self._complain("request failed", door.name if door else None, error)
            answer = self._refuse(door, scope, Refused(answers.INTERNAL, "internal_error"))
        respond = (scope.get("extensions") or {}).get(_RESPOND)
        if respond is not None and answer.status == 200 and not answer.headers and scope["method"] == "POST":  # noqa: PLR2004
            body = answer.body
            if respond(answers.OK_HEAD % len(body), body):
                return
        await answer.send(send)

    async def _post(self, door: Door, scope: Scope, receive: Receive, rest: bytes) -> Answer:
        started = self._monotonic()
        headers, query = door.read(scope["headers"]), scope["query_string"]
        proofs = door.proofs
        if door.networks and not is_allowed(parsed(self._address(scope)), door.networks):
            raise self._denied(door, scope, "address")
        is_proven = proofs.fit_head(headers, query)
        if not (is_proven or proofs.body):
            raise self._denied(door, scope, "credentials")
        if not is_json_type(headers.get(b"content-type")):
            raise Refused(answers.CONTENT_TYPE, "content_type")
        if not is_identity(headers.get(b"content-encoding")):
            raise Refused(answers.CONTENT_ENCODING, "content_encoding")
        body = await self._body(headers, receive)
        if not (is_proven or proofs.fit_body(headers, body)):
            raise self._denied(door, scope, "credentials", size=len(body))
        blocked = self._blocked(door.name)
        fault = await _fault_in(body)
        if fault is not None:
            if blocked is not None:
                raise _unavailable(blocked, len(body))
            raise Refused(error_answer(400, "not_json", fault), "not_json", len(body))
        path = unquote(rest.decode("latin-1"), errors="replace") if rest else ""
        hook, context = door.hook(body, headers, query, path)
        found = identify(door.adapter, hook, self._watchdog)
        if found.defect is not None:
            self._complain("adapter defect", door.name, found.defect)
        arrival = Arrival(
            door.name,
            found.event_id,
            found.topic,
            self._clock(),
            body,
            context,
            door.hash_window if found.is_hash else 0,
            found.dead,
        )
        if blocked is not None:
            return await self._known(door, found, arrival, blocked)
        return await self._store(door, found, arrival, started)

    async def _body(self, headers: Headers, receive: Receive) -> bytes:
        length = headers.get(b"content-length")
        if length is not None and int(length) > self._max_body:
            raise Refused(self._too_large, "too_large", int(length))
        chunks: list[bytes] = []
        size = 0
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise Disconnected
            chunk: bytes = message.get("body", b"")
            size += len(chunk)
            if size > self._max_body:
                raise Refused(self._too_large, "too_large", size)
            if message.get("more_body", False):
                chunks.append(chunk)
            else:
                return b"".join((*chunks, chunk)) if chunks else chunk

    async def _store(self, door: Door, found: Identified, arrival: Arrival, started: float) -> Answer:
        try:
            # Not shielded: the inbox keeps an arrival whose future was cancelled, and a shield costs on every request.
            receipt = await self._inbox.put(arrival)
        except StoreUnavailable as error:
            self._complain("cannot store", door.name, error)
            return await self._known(door, found, arrival, None)
        kind = receipt.kind
        is_new = kind in ("stored", "replaced")
        if found.dead is not None and is_new:
            self._figures.dead_event(door.name, found.dead.code, 1)
            self._log.warning("dead", source=door.name, event_id=found.event_id, code=found.dead.code)
        self._tally.acknowledged(door.name, kind, self._monotonic() - started)
        return self._acknowledge(door, found, is_duplicate=not is_new)

    async def _known(self, door: Door, found: Identified, arrival: Arrival, blocked: Reason | None) -> Answer:
        """The answer while nothing can be stored: what is on disk already still gets its 200."""
        try:
            is_duplicate = await self._inbox.is_duplicate(arrival)
        except StoreUnavailable:
            is_duplicate = False
        if not is_duplicate:
            raise _unavailable(blocked, len(arrival.body))
        return self._acknowledge(door, found, is_duplicate=True)

    def _acknowledge(self, door: Door, found: Identified, *, is_duplicate: bool) -> Answer:
        event_id = found.event_id
        if found.dead is not None:
            is_rejected = door.rejects_malformed
            return answers.troubled(event_id, found.dead, is_duplicate=is_duplicate, is_rejected=is_rejected)
        own = door.adapter.acknowledge
        if own is not None:
            try:
                reply = self._watchdog.call(own, Acknowledgement(event_id, is_duplicate))
                return adapters_answer(reply.status, reply.content)
            except (Exception, Overrun) as error:  # noqa: BLE001 - an integrator's function may fail in any way
                self._complain("adapter defect", door.name, error)
        return answers.accepted(event_id, is_duplicate=is_duplicate)

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
            except (Exception, Overrun) as error:  # noqa: BLE001 - an integrator's function may fail in any way
                self._complain("adapter defect", door.name, error)
        return door.probed

    def _denied(self, door: Door, scope: Scope, reason: str, size: int | None = None) -> Refused:
        """401, or 429 for who fails too often; only a failed proof ever comes here."""
        seconds = self._failures.retry_after(door.name, neighbourhood(self._address(scope)))
        close = () if size is not None else (CLOSE,)
        if seconds is not None:
            detail = "too many failed proofs, try again later"
            return Refused(
                error_answer(429, "too_many_failures", detail, retry_after(seconds), *close), "too_many_failures", size
            )
        return Refused(door.denied if size is None else door.denied_late, reason, size)

    def _refuse(self, door: Door | None, scope: Scope, refused: Refused) -> Answer:
        self._note(door, scope, refused.answer.status, refused.reason, refused.size)
        return refused.answer

    def _give_up(self, door: Door | None, scope: Scope) -> None:
        """Nobody is there to answer; nginx's number for it stands on record."""
        if _TIMED_OUT in (scope.get("extensions") or {}):
            self._note(door, scope, 408, "body_timeout", None)
        else:
            self._note(door, scope, 499, "disconnected", None)

    def _note(self, door: Door | None, scope: Scope, status: int, reason: str, size: int | None) -> None:
        source = door.name if door else None
        address = parsed(self._address(scope))
        # What a sender wrote into a header is shown only if it is an address.
        shown = None if address is None else str(address)
        self._refusals.add(RefusalRecord(self._clock(), source, status, reason, shown, size))
        self._figures.refused(source, reason, 1)

    def _address(self, scope: Scope) -> str | None:
        """Whom the request comes from; worked out where it is needed, since a good request seldom needs it."""
        client = scope.get("client")
        hops = [value for name, value in scope["headers"] if name == b"x-forwarded-for"] if self._proxies else []
        return client_address(client[0] if client else None, b",".join(hops) if hops else None, self._proxies)

    def _complain(self, what: str, source: str | None, error: BaseException) -> None:
        """A line about a failure: its kind and place, never its words, which may hold what was sent."""
        held_back = self._lines.allows(source, self._clock())
        if held_back is not None:
            frames = traceback.extract_tb(error.__traceback__)
            place = f"{PurePath(frames[-1].filename).name}:{frames[-1].lineno}" if frames else None
            self._log.error(what, source=source, error=type(error).__name__, at=place, held_back=held_back)


async def _fault_in(body: bytes) -> str | None:
    try:
        return fault_in(body)
    except RecursionError:
        return await asyncio.to_thread(deep_fault, body)


def _unavailable(blocked: Reason | None, size: int) -> Refused:
    if blocked is None:
        return Refused(answers.UNAVAILABLE, "unavailable", size)
    header = retry_after(answers.RETRY_SECONDS)
    return Refused(error_answer(503, blocked.code, blocked.detail, header), "blocked", size)
