"""Vendors' APIs over HTTP: a configured base URL, a relative path, the turn's credentials, one request at a time."""

import asyncio
import base64
from collections.abc import Mapping
from typing import Final

import msgspec

from adapters import Api, Bearer, HeaderCredential, RateLimit
from adapters.asking import ApiProof
from adapters.reading import BOM, reader
from gateway.events import Clock, StoredLookup
from gateway.ground.backoff import read_retry_after
from gateway.ground.clock import now
from gateway.ground.outgoing import NoAnswer, OutgoingClient
from gateway.ground.questions import fault_of_path
from gateway.lookups.asking import VendorAnswer
from gateway.lookups.limits import refused_inside, rest_of

TIMEOUT_SECONDS: Final = 30.0
MOST_READ: Final = 8 * 1024 * 1024
SHORTEST_STRUCK_OUT: Final = 16
"""Characters of an encoded proof from which on it is struck out of a vendor's answer."""

_OK: Final = 200
_scan = reader(msgspec.Raw)
_NO_RIGHTS: Final = frozenset({401, 403})


class VendorApi:
    """Fetches lookups; calling it asks. One request at a time for each base URL and turn, whoever asks."""

    def __init__(
        self,
        apis: Mapping[str, Api],
        *,
        clock: Clock = now,
        timeout: float = TIMEOUT_SECONDS,
        most_read: int = MOST_READ,
    ) -> None:
        self._apis = apis
        self._clock = clock
        self._timeout = timeout
        self._most_read = most_read
        self._lines: dict[tuple[str, str], _Line] = {}

    async def __call__(self, source: str, lookup: StoredLookup) -> VendorAnswer:
        """The answer to one lookup; never raises for what the network or the vendor does."""
        api = self._apis[source]
        fault = fault_of_path(lookup.path)
        if fault is not None:
            return VendorAnswer(None, detail=fault)
        credentials = api.turns.get(lookup.turn, api.credentials)
        if credentials is None and api.turns:
            detail = f"no credentials are configured for {lookup.turn or 'it'}"
            return VendorAnswer(None, detail=detail, lacks_rights=True)
        base = api.base_url.rstrip("/") + "/"
        key = (base, lookup.turn)
        if key not in self._lines:
            client = OutgoingClient(allow_http=api.allow_http)
            self._lines[key] = _Line(client, self._timeout, self._most_read)
        answer = await self._lines[key].ask(base + lookup.path, lookup, credentials, api.limits, self._clock)
        return refused_inside(answer) if lookup.is_query and answer.status == _OK else answer

    async def close(self) -> None:
        """Give all connections up."""
        for line in self._lines.values():
            await line.close()


class _Line:
    """One connection; whoever wants to ask waits for the request before."""

    def __init__(self, client: OutgoingClient, timeout: float, most_read: int) -> None:
        self._client = client
        self._timeout = timeout
        self._most_read = most_read
        self._turn = asyncio.Lock()
        self.close = client.close

    async def ask(
        self, url: str, lookup: StoredLookup, credentials: ApiProof | None, limits: RateLimit | None, clock: Clock
    ) -> VendorAnswer:
        name, proof = _header_of(credentials)
        headers = {"Accept": "application/json"} | ({name: proof} if proof else {})
        if lookup.body:
            headers["Content-Type"] = "application/json"
        async with self._turn:
            answer = await self._client.ask(
                "POST" if lookup.body else "GET",
                url,
                headers=headers,
                proof_header=name,
                timeout=self._timeout,
                most_read=self._most_read,
                parameters=lookup.parameters or None,
                content=[lookup.body] if lookup.body else None,
            )
        if isinstance(answer, NoAnswer):
            return VendorAnswer(None, detail=answer.detail)
        pause = rest_of(limits, answer.headers, answer.status, clock())
        retry_after = max(read_retry_after(answer.headers.get("retry-after"), clock()) or 0, pause)
        is_denied = answer.status in _NO_RIGHTS
        is_good = 200 <= answer.status < 300  # noqa: PLR2004 - the range of success
        if is_good and answer.headers.get("content-encoding", "identity").strip().lower() not in ("", "identity"):
            return VendorAnswer(None, detail="answered in a content encoding that is not known")
        if is_good and not answer.is_whole:
            return VendorAnswer(None, detail="the answer broke off, or was too large")
        if answer.status == _OK and (fault := _fault_of(answer.body)) is not None:
            return VendorAnswer(None, detail=fault, retry_after=retry_after)
        # It is judged as it is stored: as it came, but for what is too long to stand there by chance.
        body = answer.shown if len(answer.proof) >= SHORTEST_STRUCK_OUT else answer.body
        return VendorAnswer(answer.status, body, retry_after=retry_after, lacks_rights=is_denied, pause=pause)


def _header_of(credentials: ApiProof | None) -> tuple[str, str]:
    """The header that proves us, and what it says; nothing where nothing does."""
    match credentials:
        case None:
            return "Authorization", ""
        case HeaderCredential(name, value):
            return name, str(value)
        case Bearer(token):
            return "Authorization", f"Bearer {token}"
    pair = f"{credentials.username}:{credentials.password}".encode()
    return "Authorization", "Basic " + base64.b64encode(pair).decode()


def _fault_of(body: bytes) -> str | None:
    """Why a 200 is no answer, such as a maintenance page; None: it is one, whatever it says."""
    plain = body.removeprefix(BOM).strip()
    if not plain:
        return "HTTP 200 with nothing in it"
    try:
        _scan(plain)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return "HTTP 200 with what is no JSON"
    return "HTTP 200 with null" if plain == b"null" else None
