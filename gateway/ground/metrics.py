"""Prometheus metrics: one record of them, made by the wiring and handed to the rooms; nothing is global.

Label values come from the configuration (sources, tenants) or from closed sets in the code (reasons, codes, outcomes,
loops), so that nobody outside can make series; a source or tenant that is not configured counts as `unknown`. The
hot path counts groups: each helper takes how many, or a sequence of values. docs/metrics.md is the reference.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)

from gateway.ground.clock import now
from gateway.ground.histogram import GroupHistogram
from gateway.ground.hours import Hours

PREFIX = "trackely_gateway"
UNKNOWN = "unknown"
RECOVERED_TOPICS = ("created", "changed", "cancelled")
DRIFT_KINDS = ("unknown_member", "type_changed", "new_code")

ACKNOWLEDGEMENT_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
DELIVERY_BUCKETS = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0, 300.0, 900.0, 3600.0, 21600.0, 86400.0)
REQUEST_BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
COMMIT_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0)
SIZE_BUCKETS = (1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0)


class Metrics:
    """Every metric, in a registry of its own.

    Args:
        sources: the configured sources' names.
        tenants: the configured tenants' names.

    Attributes:
        hours: what happened by the hour.
        writing: held from the first that is set for an exposition until it is written.
    """

    def __init__(self, sources: Iterable[str], tenants: Iterable[str]) -> None:
        # A second series for each counter, of when it was made, tells nobody anything. The switch is the process's.
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.hours = Hours(now)
        self.writing = asyncio.Lock()
        self.registry = CollectorRegistry(auto_describe=False)
        ProcessCollector(registry=self.registry)
        self._sources, self._tenants, self._counted = set[str](), set[str](), set[str]()
        self._define_counters()
        self._define_gauges()
        self._define_histograms()
        self.admit(sources, tenants)

    def _define_counters(self) -> None:
        self._received = self._counter("received", "Requests stored as new events.", "source")
        self._duplicates = self._counter("duplicates", "Requests whose event was stored before.", "source")
        self._conflicts = self._counter("conflicts", "Requests with a known event key and another body.", "source")
        self._handshakes = self._counter("handshakes", "Vendors' pings that were answered, nothing stored.", "source")
        self._refused = self._counter("refused", "Requests turned away, nothing stored.", "source", "reason")
        self._translated = self._counter("translated", "Events that became states of orders.", "source")
        self._ignored = self._counter("ignored", "Events that mean no order, with the reason on record.", "source")
        self._shadowed = self._counter("shadowed", "Events that ended in shadow.", "source", "code")
        self._dead_events = self._counter("dead_events", "Events that became dead letters.", "source", "code")
        self._recovered = self._counter(
            "recovered", "What reconciliation found and no webhook told.", "source", "topic"
        )
        self._findings = self._counter("findings", "Doubts about orders of translated events.", "source", "code")
        self._dead_orders = self._counter("dead_orders", "Orders that became dead letters.", "tenant", "code")
        self._delivered = self._counter("delivered", "Orders confirmed by the intake, pulled ones included.", "tenant")
        self._attempts = self._counter("attempts", "Requests to an intake, and answered pulls.", "tenant", "outcome")
        self._oddities = self._counter("oddities", "What an intake's 200 held besides its contract.", "tenant", "kind")

    def _define_gauges(self) -> None:
        self._pending = self._gauge("pending", "Orders that wait for delivery, leased ones included.", "tenant")
        self._oldest = self._gauge("oldest_pending_seconds", "Age of the oldest of them, 0 without any.", "tenant")
        self._halted = self._gauge("halted", "1 while deliveries to the tenant are halted.", "tenant")
        self._drift = self._gauge("drift", "Things that the source sends and nobody expected.", "source", "kind")
        self._shadow_orders = self._gauge(
            "shadow_orders", "Orders that something in shadow told of, or missed, by verdict.", "source", "verdict"
        )
        self._silent = self._gauge("silent", "1 while the source is silent beyond expect_every.", "source")
        self._standbys = self._gauge("standbys", "The database's standbys, by how they stand to its commits.", "state")
        self._behind = self._gauge(
            "standby_lag_bytes", "Of the database's log, not yet on the disk of the nearest of them.", "state"
        )
        self._behind_for = self._gauge("standby_lag_seconds", "How long ago that was written.", "state")
        self._tick = self._gauge("loop_last_tick_timestamp_seconds", "When the loop last moved, Unix time.", "loop")
        self._writable = self._gauge("store_writable", "1 while the store takes new events.")

    def _define_histograms(self) -> None:
        self._acknowledgement = self._histogram(
            "acknowledgement_seconds", "From a request's first byte to its 200.", ACKNOWLEDGEMENT_BUCKETS
        )
        self._latency = self._histogram(
            "received_to_delivered_seconds",
            "From the newest event's receipt to the delivery.",
            DELIVERY_BUCKETS,
            "tenant",
        )
        self._batch = self._histogram("batch_orders", "Orders in a request to the intake.", SIZE_BUCKETS, "tenant")
        self._request = self._histogram(
            "attempt_seconds", "From a request to the intake to its outcome.", REQUEST_BUCKETS, "tenant"
        )
        self._commit = self._histogram(
            "store_commit_seconds", "A group's transaction, fdatasync included.", COMMIT_BUCKETS
        )
        self._group = self._histogram("store_group_rows", "Writes that shared one commit.", SIZE_BUCKETS)

    def admit(self, sources: Iterable[str], tenants: Iterable[str]) -> None:
        """Show every series of these from now on: a rate over a missing series alerts nobody.

        The counters of others stay; their gauges, which nobody sets any more, would tell of the past for ever.
        """
        self._sources, self._tenants = {*sources}, {*tenants}
        self._counted |= self._sources | self._tenants
        self.forget_the_stores()
        for source in self._sources:
            for counter in (
                *(self._received, self._duplicates, self._conflicts, self._handshakes),
                *(self._translated, self._ignored),
            ):
                counter.labels(source)
            self._silent.labels(source)
            for kind in DRIFT_KINDS:
                self._drift.labels(source, kind)
            for topic in RECOVERED_TOPICS:
                self._recovered.labels(source, topic)
        for tenant in self._tenants:
            self._delivered.labels(tenant)
            for gauge in (self._pending, self._oldest, self._halted):
                gauge.labels(tenant)
        for histogram in (self._latency, self._batch, self._request):
            for tenant in (*self._tenants, UNKNOWN):
                histogram.open(tenant)

    # -- the rim

    def received(self, source: str, count: int = 1) -> None:
        """Count requests that were stored as new events."""
        self._received.labels(self._source(source)).inc(count)
        self.hours.received(count)

    def duplicates(self, source: str, count: int = 1) -> None:
        """Count requests whose event was stored before."""
        self._duplicates.labels(self._source(source)).inc(count)

    def conflicts(self, source: str, count: int = 1) -> None:
        """Count requests with a known event key and another body."""
        self._conflicts.labels(self._source(source)).inc(count)

    def refused(self, source: str | None, reason: str, count: int = 1) -> None:
        """Count requests that were turned away; `reason` is one of the rim's closed set, None an unknown source."""
        self._refused.labels(self._source(source or UNKNOWN), reason).inc(count)

    def handshakes(self, source: str, count: int = 1) -> None:
        """Count a vendor's pings that were answered."""
        self._handshakes.labels(self._source(source)).inc(count)

    def acknowledged(self, seconds: Sequence[float]) -> None:
        """Observe how long a group of requests waited for its answers."""
        self._acknowledgement.observe(seconds)

    # -- translation

    def translated(self, source: str, count: int = 1) -> None:
        """Count events that became states of orders."""
        self._translated.labels(self._source(source)).inc(count)

    def ignored(self, source: str, count: int = 1) -> None:
        """Count events that mean no order."""
        self._ignored.labels(self._source(source)).inc(count)

    def shadowed(self, source: str, code: str, count: int = 1) -> None:
        """Count events that ended in shadow; `code` says why one became no order, if it did not."""
        self._shadowed.labels(self._source(source), code).inc(count)

    def recovered(self, source: str, topic: str) -> None:
        """Count one order's change that no webhook told."""
        self._recovered.labels(self._source(source), topic).inc()

    def dead_event(self, source: str, code: str, count: int = 1) -> None:
        """Count events that became dead letters."""
        self._dead_events.labels(self._source(source), code).inc(count)

    def finding(self, source: str, code: str, count: int = 1) -> None:
        """Count doubts about orders."""
        self._findings.labels(self._source(source), code).inc(count)

    # -- delivery

    def dead_order(self, tenant: str, code: str, count: int = 1) -> None:
        """Count orders that became dead letters."""
        self._dead_orders.labels(self._tenant(tenant), code).inc(count)

    def delivered(self, tenant: str, seconds: Sequence[float]) -> None:
        """Count delivered orders, one for each span from receipt to delivery."""
        known = self._tenant(tenant)
        self._delivered.labels(known).inc(len(seconds))
        self.hours.delivered(len(seconds))
        self._latency.observe(seconds, known)

    def attempted(self, tenant: str, outcome: str, *, orders: int, seconds: float) -> None:
        """Count one request to an intake: its outcome, how many orders it held, how long it took."""
        known = self._tenant(tenant)
        self._attempts.labels(known, outcome).inc()
        self._batch.observe((float(orders),), known)
        self._request.observe((seconds,), known)

    def oddity(self, tenant: str, kind: str, count: int = 1) -> None:
        """Count what an intake's 200 held besides its contract: `foreign_id`, `no_order_id`, `wrong_count`."""
        self._oddities.labels(self._tenant(tenant), kind).inc(count)

    # -- states, set before an exposition

    def tenant(self, name: str, *, pending: int, oldest_pending_seconds: float, is_halted: bool) -> None:
        """Set a tenant's gauges."""
        if name in self._tenants:
            self._pending.labels(name).set(pending)
            self._oldest.labels(name).set(oldest_pending_seconds)
            self._halted.labels(name).set(is_halted)

    def compared(self, told: Iterable[tuple[str, str, int]]) -> None:
        """Set how many orders of which shadow have which verdict; of what is in shadow no more, nothing."""
        self._shadow_orders.clear()
        for source, verdict, count in told:
            if source in self._sources:
                self._shadow_orders.labels(source, verdict).set(count)

    def silent(self, source: str, *, is_silent: bool) -> None:
        """Set whether a source has been silent for longer than it may."""
        if source in self._sources:
            self._silent.labels(source).set(is_silent)

    def drifted(self, source: str, kind: str, count: int) -> None:
        """Set how many things of a kind have drifted in what a source sends."""
        if source in self._sources:
            self._drift.labels(source, kind).set(count)

    def standing_by(self, standbys: Iterable[tuple[str, int, int | None, float | None]]) -> None:
        """Set how many standbys stand how to the database's commits; bytes and seconds that the nearest is behind."""
        for gauge in (self._standbys, self._behind, self._behind_for):
            gauge.clear()
        for state, *told in standbys:
            for gauge, value in zip((self._standbys, self._behind, self._behind_for), told, strict=True):
                if value is not None:
                    gauge.labels(state).set(value)

    def forget_the_stores(self) -> None:
        """Tell nothing of what the store knows: another replica does."""
        for gauge in (self._pending, self._oldest, self._halted, self._silent, self._drift, self._shadow_orders):
            gauge.clear()
        self.standing_by(())

    def ticked(self, loops: Mapping[str, float]) -> None:
        """Set when each supervised loop last moved (Unix time); one that is not there any more is not told of."""
        self._tick.clear()
        for loop, at_seconds in loops.items():
            self._tick.labels(loop).set(at_seconds)

    def writable(self, *, is_writable: bool) -> None:
        """Set whether the store takes new events."""
        self._writable.set(is_writable)

    # -- the store

    def committed(self, rows: int, seconds: float) -> None:
        """Observe one commit of the writer: how many writes shared it and how long it took; any thread may."""
        self._group.observe((float(rows),))
        self._commit.observe((seconds,))

    # -- the door

    def render(self) -> bytes:
        """The exposition in Prometheus' text format."""
        return generate_latest(self.registry)

    def _source(self, name: str) -> str:
        return name if name in self._counted else UNKNOWN

    def _tenant(self, name: str) -> str:
        return name if name in self._counted else UNKNOWN

    def _counter(self, name: str, words: str, *labels: str) -> Counter:
        return Counter(f"{PREFIX}_{name}", words, labels, registry=self.registry)

    def _gauge(self, name: str, words: str, *labels: str) -> Gauge:
        return Gauge(f"{PREFIX}_{name}", words, labels, registry=self.registry)

    def _histogram(self, name: str, words: str, buckets: Sequence[float], label: str | None = None) -> GroupHistogram:
        histogram = GroupHistogram(f"{PREFIX}_{name}", words, buckets, label)
        self.registry.register(histogram)
        return histogram
