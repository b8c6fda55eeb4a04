"""Asking the running gateway over its API."""

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

import httpx
import msgspec

from gateway.cli.failure import Failure, Lost

# A prune or a bulk replay may take its time.
TIMEOUT = httpx.Timeout(600.0, connect=5.0)
STREAM_TIMEOUT = httpx.Timeout(60.0, connect=5.0)
"""A stream says something every 15 s."""
_EVENTS = "text/event-stream"
_UNAUTHORIZED, _NOT_FOUND, _UNAVAILABLE = 401, 404, 503


class Answer(msgspec.Struct, frozen=True):
    """The API's answer: the bytes as they came, and what they say."""

    content: bytes
    value: dict[str, Any]


class Client:
    """One conversation with a gateway. `prefix` is where its calls begin, `room` what a gateway has that has them."""

    def __init__(self, origin: str, token: str, prefix: str, room: str | None = None) -> None:
        self._origin = origin
        self._prefix = prefix
        self._room = room
        with self._reached():
            self._http = httpx.Client(
                base_url=origin,
                # As bytes: a token may hold any text, and the server has the same bytes.
                headers={b"Authorization": b"Bearer " + token.encode()} if token else {},
                timeout=TIMEOUT,
                trust_env=False,
                # Loading the authorities is a third of what a command costs, and plain http asks none.
                verify=not origin.startswith("http:"),
                # Nothing stays open between two calls, so that there is nothing to close at the end.
                limits=httpx.Limits(max_keepalive_connections=0),
            )

    def get(self, *parts: str, **parameters: Any) -> Answer:
        """A GET; parts of the path are encoded, parameters that are None left out."""
        return self._ask("GET", parts, parameters, None)

    def post(self, *parts: str, body: Mapping[str, Any] | None = None, with_nulls: bool = False) -> Answer:
        """A POST with a JSON body, members that are None left out unless they are meant."""
        return self._ask("POST", parts, {}, body if body is None or with_nulls else _present(body))

    def delete(self, *parts: str) -> Answer:
        """A DELETE."""
        return self._ask("DELETE", parts, {}, None)

    def stream(self, *parts: str, last: str | None, **parameters: Any) -> Iterator[tuple[str | None, bytes]]:
        """Server-sent events after the one that was read `last`: each one's id and data, both empty of a sign of life.

        Raises:
            Lost: the connection, or there was none.
        """
        headers = {} if last is None else {"Last-Event-ID": last}
        path, given = self._path(parts), _present(parameters)
        with (
            self._reached(),
            self._http.stream("GET", path, params=given, headers=headers, timeout=STREAM_TIMEOUT) as answer,
        ):
            if not answer.is_success or answer.headers.get("content-type", "").split(";")[0] != _EVENTS:
                sentence = self._sentence(answer.status_code, _json_of(answer.read()))
                # It is stopping, or its store is away for a while: either may be back.
                raise (Lost if answer.status_code == _UNAVAILABLE else Failure)(sentence)
            said: dict[str, str] = {}
            for line in answer.iter_lines():
                name, _, value = line.partition(": ")
                said[name] = value
                if not line:
                    yield said.get("id"), said.get("data", "").encode()
                    said = {}

    def pieces(self, *parts: str, **parameters: Any) -> Iterator[bytes]:
        """An answer of any length, as it comes."""
        with self._reached(), self._http.stream("GET", self._path(parts), params=_present(parameters)) as answer:
            if not answer.is_success:
                raise Failure(self._sentence(answer.status_code, _json_of(answer.read())))
            yield from answer.iter_bytes()

    def _path(self, parts: tuple[str, ...]) -> str:
        if not all(parts):
            raise Failure("an empty name: is a variable unset?")
        # Dots alone would lead elsewhere.
        return "/".join(
            [self._prefix, *(quote(part, safe="") if part.strip(".") else "%2E" * len(part) for part in parts)]
        )

    @contextlib.contextmanager
    def _reached(self) -> Iterator[None]:
        try:
            yield
        except httpx.ConnectError:
            raise Lost(f"nothing answers at {self._origin}: is the gateway running?") from None
        except httpx.LocalProtocolError:
            # Its words would show the token.
            raise Failure("the token holds what no header carries, such as a line's end") from None
        except httpx.InvalidURL as error:
            raise Failure(f"{self._origin} is no URL: {error}") from None
        except httpx.HTTPError as error:
            raise Lost(f"{self._origin} did not answer: {type(error).__name__}") from None

    def _ask(
        self, method: str, parts: tuple[str, ...], parameters: Mapping[str, Any], body: Mapping[str, Any] | None
    ) -> Answer:
        given = None if body is None else msgspec.json.encode(body)
        headers = {} if given is None else {"Content-Type": "application/json"}
        with self._reached():
            path, asked = self._path(parts), _present(parameters)
            answer = self._http.request(method, path, params=asked, content=given, headers=headers)
        value = _json_of(answer.content)
        if answer.is_success and isinstance(value, dict):
            return Answer(answer.content, _said(value))
        raise Failure(self._sentence(answer.status_code, value))

    def _sentence(self, status: int, value: Any) -> str:
        if status == _UNAUTHORIZED:
            return f"{self._origin} does not accept the token: $GATEWAY_API_TOKEN, or the configuration's"
        if (
            self._room is not None
            and status == _NOT_FOUND
            and isinstance(value, dict)
            and value.get("error") == "not_found"
        ):
            return f"the gateway at {self._origin} has no {self._room}"
        if isinstance(value, dict) and (detail := value.get("detail") or value.get("error")):
            return f"{detail} ({status})"
        return f"{self._origin} answered {status}, which is not the gateway's way: is it the right address?"


class _Said(dict[str, Any]):
    """An object of an answer: a member that is not there is told as what another version, or program, has not."""

    def __missing__(self, name: str) -> Any:
        raise Failure(f"the answer has no `{name}`: is it another version's, or not a gateway's?")


def _said(value: Any) -> Any:
    if isinstance(value, dict):
        return _Said((name, _said(member)) for name, member in value.items())
    return [_said(member) for member in value] if isinstance(value, list) else value


def _present(given: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in given.items() if value is not None}


def _json_of(content: bytes) -> Any:
    try:
        return msgspec.json.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
