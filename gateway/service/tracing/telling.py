"""Spans on their way to a collector, by OTLP over HTTP, from a thread of their own."""

import asyncio
import os
import secrets
from collections.abc import Sequence
from importlib.metadata import version
from typing import Final

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, TraceFlags

from gateway.service.tracing.names import Attributes, doubled

EXPORT_SECONDS: Final = 5.0
STOP_SECONDS: Final = 3.0
EVERY_MILLISECONDS: Final = 1000
OPT_IN: Final = "OTEL_SEMCONV_STABILITY_OPT_IN"


class _Given(IdGenerator):
    """The ids of the next span, as they were said before it began."""

    def __init__(self) -> None:
        self.next = SpanContext(1, 1, is_remote=False)

    def generate_trace_id(self) -> int:
        """As the library asks."""
        return self.next.trace_id

    def generate_span_id(self) -> int:
        """As the library asks."""
        return self.next.span_id


class Telling:
    """Tells spans; to be used on one thread."""

    def __init__(self, endpoint: str) -> None:
        self._ids, self._opt_in = _Given(), os.environ.get(OPT_IN, "")
        named = {"service.name": "trackely-gateway", "service.version": version("trackely-gateway")}
        self._provider = TracerProvider(
            sampler=ALWAYS_ON, resource=Resource.create(named), id_generator=self._ids, shutdown_on_exit=False
        )
        exporter = OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces", timeout=EXPORT_SECONDS)
        self._provider.add_span_processor(BatchSpanProcessor(exporter, schedule_delay_millis=EVERY_MILLISECONDS))
        self._tracer = self._provider.get_tracer("trackely-gateway")

    @staticmethod
    def fresh() -> SpanContext:
        """The ids of a span that nobody will look for."""
        sampled = TraceFlags(TraceFlags.SAMPLED)
        return SpanContext(secrets.randbits(128) | 1, secrets.randbits(64) | 1, is_remote=False, trace_flags=sampled)

    def tell(
        self,
        name: str,
        kind: SpanKind,
        context: SpanContext,
        span: tuple[int, int],
        attributes: Attributes,
        *,
        links: Sequence[SpanContext] = (),
        error: str | None = None,
    ) -> None:
        """A span that has ended: `span` is when it began and ended, in nanoseconds; `error` what went wrong."""
        self._ids.next = context
        told = doubled(attributes if error is None else attributes | {"error.type": error}, self._opt_in)
        begun = self._tracer.start_span(
            name, Context(), kind, told, links=[Link(each) for each in links], start_time=span[0]
        )
        if error is not None:
            begun.set_status(Status(StatusCode.ERROR))
        begun.end(span[1])

    async def close(self) -> None:
        """Send what is left, unless nobody takes it soon."""
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await asyncio.to_thread(self._provider.shutdown)
        except TimeoutError:
            return
