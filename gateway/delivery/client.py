"""The intake's HTTP: one request at a time, answered or not within the tenant's time-out, read up to a cap."""

import asyncio
from collections.abc import Sequence
from typing import Final

from gateway.delivery.verdict import Answer, Failure
from gateway.ground.outgoing import NoAnswer, OutgoingClient, Sleep

MOST_READ: Final = 1024 * 1024
"""Bytes of an answer that are read, and a kilobyte more for each order that it may list."""

_A_LISTING: Final = 1024
_OK: Final = 200


class IntakeClient:
    """Posts batches to one tenant's intake over at most one connection; not to be shared between tasks."""

    def __init__(self, url: str, *, allow_http: bool = False, sleep: Sleep = asyncio.sleep) -> None:
        self._url = url
        self._client = OutgoingClient(allow_http=allow_http, sleep=sleep)

    async def post(self, bodies: Sequence[bytes], secret: str, timeout: float) -> Answer | Failure:  # noqa: ASYNC109 - the client's own
        """Send one array of orders, each in its canonical bytes. Raises nothing: no answer is a Failure.

        `timeout`: seconds in which the whole answer must have come.
        """
        pieces = [piece for body in bodies for piece in (b",", body)]
        answer = await self._client.ask(
            "POST",
            self._url,
            headers={
                "Authorization": f"Bearer {secret}",
                "Content-Type": "application/json",
                "Accept": "application/json",
            },
            timeout=timeout,
            most_read=MOST_READ + _A_LISTING * len(bodies),
            content=[b"[", *pieces[1:], b"]"],
        )
        if isinstance(answer, NoAnswer):
            return Failure(answer.kind, answer.detail, was_written=answer.was_written)
        # A status other than 200 says all that counts, whatever its body would have said.
        if answer.broken is not None and answer.status == _OK:
            return Failure(answer.broken.kind, answer.broken.detail, was_written=True, status=_OK)
        retry_after = answer.headers.get("retry-after")
        return Answer(answer.status, answer.body, retry_after, is_whole=answer.is_whole, shown=answer.shown)

    async def close(self) -> None:
        """Give the connection up."""
        await self._client.close()
