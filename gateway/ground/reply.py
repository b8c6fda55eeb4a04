"""An answer over HTTP/1.1, read as it comes: its head, its body up to a cap, and where it ends.

What is odd and can be understood is understood, as by browsers: nobody is helped by an order that stays undelivered.
"""

from collections.abc import Iterable
from typing import Final

import httpcore
import httptools

from gateway.ground.coding import CodedBody

LONGEST_HEAD: Final = 100 * 1024
"""Bytes of an answer between two pieces of its body: its head, what stands around chunks, what comes behind them."""

_SWITCHED: Final = 101
_OK: Final = 200


class Reply:
    """Give it what comes, until it `is_over`.

    Attributes:
        status: None before the head is whole. What only says that there is more to come is no answer.
        headers: names in lower case; a `content-encoding` still among them is one that could not be undone.
        is_complete: all of it has come.
        is_reusable: and the connection can be asked again.
    """

    def __init__(self, most_read: int) -> None:
        self.status: int | None = None
        self.headers: dict[str, str] = {}
        self.body = CodedBody(most_read, None)
        self.is_complete = self.is_reusable = False
        self._is_cut = False
        self._most_read = most_read
        self._lines: list[tuple[bytes, bytes]] = []
        self._framing_bytes = 0
        self._parser = httptools.HttpResponseParser(self)
        self._parser.set_dangerous_leniencies(
            lenient_headers=True, lenient_chunked_length=True, lenient_optional_cr_before_lf=True
        )

    @property
    def is_over(self) -> bool:
        """Whether there is no use in more of it: it has come, or is too large."""
        return self.is_complete or self._is_cut

    @property
    def is_whole(self) -> bool:
        """Whether the body is all that was sent."""
        return self.is_complete and not self._is_cut and self.body.is_whole

    def feed(self, data: bytes) -> None:
        """Take what has come; nothing: the other side has closed. Raises httpcore.RemoteProtocolError."""
        if not data:
            self._end()
            return
        self._framing_bytes += len(data)
        try:
            self._parser.feed_data(memoryview(data)[:-1])
            # What comes behind an answer is none of it: the next one would be read from it.
            has_leftovers = self.is_complete
            self._parser.feed_data(memoryview(data)[-1:])
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            if not self.is_complete:
                raise httpcore.RemoteProtocolError(f"no answer by HTTP: {error}") from error
            has_leftovers = True
        if has_leftovers:
            self.is_reusable = False
        if self._framing_bytes > LONGEST_HEAD:
            raise httpcore.RemoteProtocolError("an answer's head has no end")

    def _end(self) -> None:
        if self.status is None:
            raise httpcore.RemoteProtocolError("closed without an answer")
        if not self.headers.keys().isdisjoint(("content-length", "transfer-encoding")):
            raise httpcore.RemoteProtocolError("closed in the middle of an answer")
        self.is_complete = True

    # -- the parser's

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header, or what comes behind the last chunk, and is dropped."""
        if self.status is None:
            self._lines.append((name, value))

    def on_headers_complete(self) -> None:
        """The head is whole."""
        status = self._parser.get_status_code()
        if self.is_complete:
            return
        if _SWITCHED != status < _OK:
            self._lines = []
            return
        self.status, self.headers = status, _told(self._lines)
        self.body = CodedBody(self._most_read, self.headers.get("content-encoding"))
        if self.body.is_undone:
            del self.headers["content-encoding"]

    def on_body(self, piece: bytes) -> None:
        """A piece of the body."""
        self._framing_bytes = 0
        if not self.is_over:
            self._is_cut = not self.body.take(piece)

    def on_message_complete(self) -> None:
        """This is its end."""
        if self.status is not None and not self.is_complete:
            self.is_complete = True
            self.is_reusable = self._parser.should_keep_alive() and self.status != _SWITCHED


def _told(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """The headers, names in lower case; what comes twice is joined."""
    told: dict[str, str] = {}
    for name, value in headers:
        key, text = name.decode("latin-1").lower(), value.strip(b" \t").decode("latin-1")
        told[key] = f"{told[key]}, {text}" if key in told else text
    return told
