"""Ids that follow from what a span is about, and the names of its attributes."""

import hashlib
from collections.abc import Mapping
from typing import Any, Final, TypeAlias
from urllib.parse import urlsplit

from opentelemetry.trace import SpanContext, TraceFlags

Attributes: TypeAlias = dict[str, Any]

_TRACE_BYTES: Final = 16
_LOWER_HALF: Final = 2**64 - 1
_TRACEPARENT_PARTS: Final = 4
_OLD_NAMES: Final = {
    "http.request.method": "http.method",
    "http.response.status_code": "http.status_code",
    "url.full": "http.url",
    "url.path": "http.target",
    "server.address": "net.peer.name",
    "server.port": "net.peer.port",
    "messaging.operation.type": "messaging.operation",
}
"""What they were called before they were stable, by the group that OTEL_SEMCONV_STABILITY_OPT_IN names."""


def context_of(*about: object) -> SpanContext:
    """The ids of the span that is about this; the same wherever they are asked for."""
    digest = hashlib.sha256("\0".join(map(str, about)).encode()).digest()
    # An id of zeros is none.
    trace, span = digest[:_TRACE_BYTES], digest[_TRACE_BYTES : _TRACE_BYTES + 8]
    return SpanContext(
        int.from_bytes(trace) or 1,
        int.from_bytes(span) or 1,
        is_remote=False,
        trace_flags=TraceFlags(TraceFlags.SAMPLED),
    )


def hook_of(source: str, event_id: str) -> SpanContext:
    """The ids of the hook that brought an event."""
    return context_of("hook", source, event_id)


def lookup_of(source: str, clock: object, key: str) -> SpanContext:
    """The ids of a lookup, by the key of its answer, that was asked for under a clock."""
    return context_of("lookup", source, clock, key)


def is_sampled(context: SpanContext, share: float) -> bool:
    """Whether a trace is one of the share that is told: of the same trace everybody says the same."""
    return (context.trace_id & _LOWER_HALF) < share * (_LOWER_HALF + 1)


def read_traceparent(value: str) -> SpanContext | None:
    """The caller's span by its W3C `traceparent`; None: it is none."""
    parts = value.strip().split("-")
    try:
        version, trace, span, flags = (int(part, 16) for part in parts[:_TRACEPARENT_PARTS])
    except ValueError:
        return None
    lengths = [len(part) for part in parts[:_TRACEPARENT_PARTS]]
    if lengths != [2, 32, 16, 2] or version == 0xFF or not trace or not span:  # noqa: PLR2004 - W3C Trace Context
        return None
    return SpanContext(trace, span, is_remote=True, trace_flags=TraceFlags(flags))


def traceparent_of(context: SpanContext) -> str:
    """A span as the header that is sent on."""
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{int(context.trace_flags):02x}"


def asked(method: str, url: str) -> Attributes:
    """Of a request that we make; never its query, which may hold a secret or a person."""
    parts = urlsplit(url)
    found: Attributes = {
        "http.request.method": method,
        "url.full": f"{parts.scheme}://{parts.hostname}{f':{parts.port}' if parts.port else ''}{parts.path}",
        "server.address": parts.hostname or "",
    }
    return found | ({"server.port": parts.port} if parts.port else {})


def doubled(attributes: Attributes, opt_in: str) -> Attributes:
    """These, and by their old names, too, those of the groups that are asked for so (`http/dup`, `messaging/dup`)."""
    groups = {part.strip().partition("/")[0] for part in opt_in.split(",") if part.strip().endswith("/dup")}
    return attributes | {old: attributes[new] for new, old in _wanted(groups).items() if new in attributes}


def _wanted(groups: set[str]) -> Mapping[str, str]:
    if not groups:
        return {}
    return {
        new: old
        for new, old in _OLD_NAMES.items()
        if ("messaging" if new.startswith("messaging") else "http") in groups
    }
