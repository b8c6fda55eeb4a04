"""What a connection takes for a request: the parser's callbacks, within the caps on head, URL and framing."""

import re
from typing import Any, Final, cast

import httptools
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT

from gateway.ground.exchange import APART
from gateway.serving.connection import BODY, HEAD, IDLE, NEVER
from gateway.serving.rejections import (
    BAD_REQUEST,
    BODY_IN_CRUMBS,
    CRUMB,
    HEAD_TOO_LARGE,
    LONGEST_HEAD,
    LONGEST_URL,
    MOST_CRUMBS,
    MOST_HEADERS,
    URL_TOO_LONG,
)
from gateway.serving.taking import TakingProtocol

MOST_PIPELINED: Final = 32

_WATCHED_HEADERS: Final = frozenset({b"expect", b"host", b"transfer-encoding"})
_is_host: Final = re.compile(rb"[A-Za-z0-9._~!$&'()*+,;=%:\[\]-]*+").fullmatch


class HookProtocol(TakingProtocol):
    """uvicorn's protocol with deadlines, caps, JSON refusals and a close that does not cut off its own answer."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._hosts = self._pieces = self._body_bytes = 0
        self._was_taken = False

    def data_received(self, data: bytes) -> None:
        """Feed the parser, unless it is known what it would say."""
        if self._is_lingering or self._is_deaf:
            self._discard(len(data))
        elif not self._is_repeat(data):
            self.unfold()
            self._feed(data)

    def _feed(self, data: bytes) -> None:
        """Feed the parser, within the caps."""
        is_message = self._phase == IDLE
        if is_message:
            # Blank lines before a request line begin no message: they must not last for ever either.
            self.deadline = min(self.deadline, self.loop.time() + self._limits.header_timeout)
            if b"\nUpgrade:" in data:
                data = _without_upgrade(data)
        self._framing_bytes += len(data)
        try:
            try:
                self.parser.feed_data(data)
            finally:
                self._start_unstarted()
        except httptools.HttpParserUpgrade:
            # Spelt in another way: the parser took the body for another protocol's, and so it is not heard.
            self.cycle.keep_alive = False
            self._is_deaf = True
        except httptools.HttpParserError:
            self._reject(self._rejection)
        else:
            if self._phase == IDLE:
                self._framing_bytes = 0
                if is_message and self._was_taken:
                    self._remember(data)
            elif self._framing_bytes > LONGEST_HEAD or (self._phase == HEAD and len(self.headers) > MOST_HEADERS):
                self._reject(HEAD_TOO_LARGE)

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        self._phase = HEAD
        self._was_taken = False
        self._hosts = self._pieces = self._body_bytes = 0
        if self.deadline is NEVER or self._is_stopping:
            self.deadline = self.loop.time() + self._limits.header_timeout

    def on_url(self, url: bytes) -> None:
        """A piece of the URL."""
        self.url += url
        if len(self.url) > LONGEST_URL:
            self._fail(URL_TOO_LONG)

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header; trailers come here too, and are dropped: nobody in front of us has seen them."""
        if self._phase != HEAD:
            return
        name = name.lower()
        if name in _WATCHED_HEADERS:
            if name == b"expect":
                self.expect_100_continue = value.lower() == b"100-continue"
            elif name == b"host":
                self._hosts += 1
                if self._hosts > 1 or not _is_host(value):
                    self._fail(BAD_REQUEST)
            elif value.lower() != b"chunked" or self.parser.get_http_version() != "1.1":
                # Another coding would reach the application still encoded; HTTP/1.0 knows none.
                self._fail(BAD_REQUEST)
        self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        """Start the application."""
        if len(self.headers) > MOST_HEADERS:
            self._fail(HEAD_TOO_LARGE)
        if self._framing_bytes > LONGEST_HEAD:
            size = sum(len(name) + len(value) + 4 for name, value in self.headers)
            if size > LONGEST_HEAD:
                self._fail(HEAD_TOO_LARGE)
        self._framing_bytes = 0
        version = self.parser.get_http_version()
        # RFC 9112, 3.2: a Host, once, in every request of HTTP/1.1; judged before what the request is for.
        if (
            version not in ("1.1", "1.0")
            or len(self.pipeline) >= MOST_PIPELINED
            or (version == "1.1" and not self._hosts)
        ):
            self._fail(BAD_REQUEST)
        self._in_headers = True
        super().on_headers_complete()
        self._in_headers = False
        if self.scope["method"] == "GET":
            cast("dict[str, Any]", self.scope)["extensions"] = {APART: self.stand_apart}
        self._phase = BODY
        self.deadline = self.loop.time() + self._limits.body_timeout
        if self._is_stopping:
            self.cycle.keep_alive = False

    def on_body(self, body: bytes) -> None:
        """A piece of the body; one in crumbs costs as much as a request each, and is not for long."""
        self._framing_bytes = 0
        self._pieces += 1
        self._body_bytes += len(body)
        if self._pieces > MOST_CRUMBS and self._body_bytes < CRUMB * self._pieces:
            self._fail(BODY_IN_CRUMBS)
        cycle = self.cycle
        if cycle.response_complete:
            return
        cycle.body += body
        if len(cycle.body) > HIGH_WATER_LIMIT:
            self.flow.pause_reading()
        cycle.message_event.set()

    def on_message_complete(self) -> None:
        """The request has arrived."""
        self._phase = IDLE
        self.deadline = NEVER
        super().on_message_complete()
        if self._unstarted is None or self._repeat is not None:
            return
        self._was_taken = self._is_taken(self._unstarted[0])
        if not self._was_taken:
            self._start_unstarted()


def _without_upgrade(data: bytes) -> bytes:
    """A request without its offer of another protocol, which Java's client makes with every request over plain HTTP.

    The parser would stop reading the body as a body; there is nothing here to upgrade to, and RFC 9110 lets a server
    ignore the offer.
    """
    head, blank, rest = data.partition(b"\r\n\r\n")
    return head.replace(b"\nUpgrade:", b"\nX-Upgrade:") + blank + rest
