"""Asking the running gateway over its API."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import httpx
import msgspec

from gateway.cli.failure import Failure

# A prune or a bulk replay may take its time.
TIMEOUT = httpx.Timeout(600.0, connect=5.0)
_UNAUTHORIZED, _NOT_FOUND = 401, 404


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
        self._http = httpx.Client(
            base_url=origin,
            headers={"Authorization": f"Bearer {token}"} if token else {},
            timeout=TIMEOUT,
            trust_env=False,
            # Nothing stays open between two calls, so that there is nothing to close at the end.
            limits=httpx.Limits(max_keepalive_connections=0),
        )

    def get(self, *parts: str, **parameters: Any) -> Answer:
        """A GET; parts of the path are encoded, parameters that are None left out."""
        return self._ask("GET", parts, parameters, None)

    def post(self, *parts: str, body: Mapping[str, Any] | None = None) -> Answer:
        """A POST with a JSON body, members that are None left out."""
        return self._ask("POST", parts, {}, body)

    def delete(self, *parts: str) -> Answer:
        """A DELETE."""
        return self._ask("DELETE", parts, {}, None)

    def _ask(
        self, method: str, parts: tuple[str, ...], parameters: Mapping[str, Any], body: Mapping[str, Any] | None
    ) -> Answer:
        path = "/".join([self._prefix, *(quote(part, safe="") for part in parts)])
        given = None if body is None else msgspec.json.encode(_present(body))
        headers = {} if given is None else {"Content-Type": "application/json"}
        try:
            answer = self._http.request(method, path, params=_present(parameters), content=given, headers=headers)
        except httpx.ConnectError:
            raise Failure(f"nothing answers at {self._origin}: is the gateway running?") from None
        except httpx.InvalidURL as error:
            raise Failure(f"{self._origin} is no URL: {error}") from None
        except httpx.HTTPError as error:
            raise Failure(f"{self._origin} did not answer: {type(error).__name__}") from None
        value = _json_of(answer.content)
        if answer.is_success and isinstance(value, dict):
            return Answer(answer.content, value)
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


def _present(given: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in given.items() if value is not None}


def _json_of(content: bytes) -> Any:
    try:
        return msgspec.json.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
