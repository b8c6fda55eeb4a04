"""Reconciliation: asks vendors' APIs, now and then or by hand, for what no webhook told.

A run goes through the pages of what changed at the vendor since the last one, and puts every record that differs from
its order's newest state into the inbox as an event of its own. How far it got is remembered at the end of a run, so
one that breaks off is repeated and skips nothing. A page's clock is drawn before it is asked for.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final

import msgspec
import structlog

from adapters import Listed, ListPage, Reconciliation
from gateway.config.model import ConfiguredSource
from gateway.errors import ConflictingRequest, GatewayError
from gateway.events import SECOND, Clock, Micros, PageMark, StoredLookup, stored_lookup
from gateway.ground.clock import micros, moment
from gateway.ground.holding import Everything, Holding
from gateway.ground.questions import fault_of_question
from gateway.ground.supervision import Tick
from gateway.lookups.asking import PROBE_EVERY, Fetch, VendorAnswer, halt_of, try_patiently
from gateway.lookups.comparing import Comparison, Rehearse, Run
from gateway.lookups.loop import Serves, everybodys
from gateway.records import Asking, ListedRecord, LookupHalt, RecoveredTopic
from gateway.store.ports import ReconciliationLedger

OVERLAP: Final = 600 * SECOND
"""A run begins this much before the last one did, for clocks that differ and changes that show late."""

LOOK_BACK_EVERY: Final = 86_400 * SECOND
RETRY: Final = 60 * SECOND
LOOK_SECONDS: Final = 1.0

_GOOD: Final = frozenset({200, 204})

_log = structlog.get_logger("gateway.reconciliation")


class RunFailed(GatewayError):  # noqa: N818 - named by its consequence
    """A run broke off: what the vendor's API, or the adapter, said."""

    def __init__(self, detail: str, answer: VendorAnswer | None = None) -> None:
        super().__init__(detail)
        self.answer = answer
        self.fed = 0


class _Schedule(msgspec.Struct):
    """What is remembered of one turn between its runs."""

    lock: asyncio.Lock
    due_at: Micros | None = None
    halt: LookupHalt | None = None
    looked_back_at: Micros | None = None
    task: asyncio.Task[None] | None = None


class Reconciler:
    """Runs the sources' reconciliations, each turn by itself.

    Attributes:
        serves: which turns are this gateway's to run when they are due.
        holding: lets one gateway at a time run a turn, due or asked for.
    """

    def __init__(
        self,
        sources: Mapping[str, ConfiguredSource],
        ledger: ReconciliationLedger,
        fetch: Fetch,
        rehearse: Rehearse,
        *,
        clock: Clock,
        on_recovered: Callable[[str, RecoveredTopic], None],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.serves: Serves = everybodys
        self.holding: Holding = Everything()
        self._plans = {name: plan for name, source in sources.items() if (plan := _plan_of(source)) is not None}
        self._adapters = {name: source.adapter for name, source in sources.items()}
        self._ledger = ledger
        self._fetch = fetch
        self._comparison = Comparison(ledger, fetch, self._found, rehearse, clock=clock, sleep=sleep)
        self._clock = clock
        self._on_recovered = on_recovered
        self._sleep = sleep
        self._schedules = {
            (name, turn): _Schedule(asyncio.Lock()) for name, plan in self._plans.items() for turn in plan.turns
        }

    def halts(self, source: str) -> list[LookupHalt]:
        """The turns of a source that the vendor turns away."""
        return [each.halt for (name, _), each in self._schedules.items() if name == source and each.halt is not None]

    def resume(self, source: str) -> None:
        """Try at once the turns that are turned away."""
        for (name, _), schedule in self._schedules.items():
            if name == source and schedule.halt is not None:
                schedule.halt, schedule.due_at = None, self._clock()

    async def run(self, tick: Tick) -> None:
        """Start what is due, for ever."""
        try:
            while True:
                for (source, turn), schedule in self._schedules.items():
                    if not self.serves(source, turn):
                        # Another's, whose runs are to be heard of when it is this one's again.
                        schedule.due_at = None
                        continue
                    if schedule.due_at is None:
                        schedule.due_at = await self._first_due(source, turn)
                    if schedule.due_at <= self._clock() and (schedule.task is None or schedule.task.done()):
                        name = f"reconciliation {source} {turn}"
                        schedule.task = asyncio.create_task(self._run_scheduled(source, turn, schedule), name=name)
                tick()
                await self._sleep(LOOK_SECONDS)
        finally:
            tasks = [schedule.task for schedule in self._schedules.values() if schedule.task is not None]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def reconcile(self, source: str, since: Micros | None) -> int:
        """Ask at once for what changed since a moment (None: within the horizon); how many events that made.

        Raises:
            ConflictingRequest: the source has nothing to ask, or a turn could not be asked to its end.
        """
        plan = self._plan(source)
        start = self._clock() - micros(plan.horizon) if since is None else since
        return sum(run.fed for run in await self._run_all(source, plan, start, feeds=True))

    async def look(self, source: str, since: Micros) -> int:
        """Read the vendor's list of what changed since a moment, and only remember it; how many records it named.

        Raises as `reconcile` does.
        """
        return sum(run.listed for run in await self._run_all(source, self._plan(source), since, feeds=False))

    def turns(self, source: str) -> Sequence[str]:
        """Whose lists can be asked for; none where nobody can be asked."""
        plan = self._plans.get(source)
        return () if plan is None else plan.turns

    def _plan(self, source: str) -> Reconciliation:
        plan = self._plans.get(source)
        if plan is None:
            raise ConflictingRequest(
                f"source {source} has nothing to ask: its adapter knows no reconciliation, or its option `reconcile` "
                "is not set"
            )
        return plan

    async def _run_all(self, source: str, plan: Reconciliation, start: Micros, *, feeds: bool) -> list[Run]:
        outcomes = await asyncio.gather(
            *(self._run_turn(source, turn, start, feeds=feeds) for turn in plan.turns), return_exceptions=True
        )
        runs, fed, faults = [], 0, []
        for turn, outcome in zip(plan.turns, outcomes, strict=True):
            if isinstance(outcome, Run):
                runs.append(outcome)
                fed += outcome.fed
            elif isinstance(outcome, RunFailed):
                fed += outcome.fed
                faults.append(f"{turn}: {outcome}")
            else:
                raise outcome
        if faults:
            raise ConflictingRequest(f"not asked to the end ({'; '.join(faults)}); {fed} orders differed and came in")
        return runs

    async def _first_due(self, source: str, turn: str) -> Micros:
        now, reached = self._clock(), await self._ledger.reached(source, turn)
        every = micros(self._plans[source].every)
        return now if reached is None else min(reached + every, now + every)

    async def _run_scheduled(self, source: str, turn: str, schedule: _Schedule) -> None:
        every = micros(self._plans[source].every)
        started_at = self._clock()
        try:
            await self._run_turn(source, turn, None)
            schedule.due_at = started_at + every
        except RunFailed as error:
            wait = max(min(RETRY, every), error.answer.retry_after if error.answer else 0)
            schedule.due_at = self._clock() + (PROBE_EVERY if schedule.halt is not None else wait)
            _log.warning("reconciliation_failed", source=source, owner=turn, said=str(error))
        except Exception:  # noqa: BLE001 - whatever it was, it is tried again
            schedule.due_at = self._clock() + min(RETRY, every)
            _log.exception("reconciliation_defect", source=source, owner=turn)

    async def _run_turn(self, source: str, turn: str, since: Micros | None, *, feeds: bool = True) -> Run:
        """One run. `since` None: from where the last one began. Raises RunFailed."""
        plan, schedule = self._plans[source], self._schedules[source, turn]
        async with schedule.lock, self.holding.alone(f"reconciliation:{source}:{turn}"):
            started_at, reached = self._clock(), await self._ledger.reached(source, turn)
            known_from = started_at - micros(plan.horizon) if reached is None else reached
            start = self._start(plan, schedule, reached, started_at) if since is None else since
            name = moment((await self._ledger.begin_page(started_at)).clock).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
            run = Run(source, turn, plan, start, name, reached is None, feeds)
            try:
                await self._go_through(run)
            except RunFailed as error:
                error.fed = run.fed
                if error.answer is not None and error.answer.lacks_rights:
                    since_when = schedule.halt.since if schedule.halt else started_at
                    schedule.halt = halt_of(turn, error.answer, since=since_when, now=self._clock())
                raise
            schedule.halt = None
            await self._ledger.note_asked(Asking(source, turn, start, started_at))
            if feeds and start <= started_at - micros(plan.look_back):
                schedule.looked_back_at = started_at
            # A run that began later than what is known leaves a gap.
            if feeds and start <= known_from:
                await self._ledger.reach(source, turn, started_at)
            _log.info("reconciled", source=source, owner=turn, run=name, differed=run.fed)
            return run

    @staticmethod
    def _start(plan: Reconciliation, schedule: _Schedule, reached: Micros | None, started_at: Micros) -> Micros:
        """Where a scheduled run begins: once a day further back, for what the vendor's list shows late."""
        start = started_at - micros(plan.horizon) if reached is None else reached - OVERLAP
        last = schedule.looked_back_at
        if plan.look_back and (last is None or last <= started_at - LOOK_BACK_EVERY):
            return min(start, started_at - micros(plan.look_back))
        return start

    async def _go_through(self, run: Run) -> None:
        after = None
        asked: set[str] = set()
        before: set[str] = set()
        while True:
            mark_at = self._clock()
            mark = await self._ledger.begin_page(mark_at)
            page = await self._page(run, after)
            named: list[ListedRecord] = []
            for listed in page.records:
                # Pages may share a record at their border.
                if listed.subject not in before:
                    named += await self._feed(run, listed, mark)
                    run.listed += 1
            await self._ledger.note_listed(run.source, named, mark_at)
            # A list that comes round to a page has shown all of them.
            if page.after is None or page.after in asked:
                return
            asked.add(page.after)
            before, after = {listed.subject for listed in page.records}, page.after

    async def _page(self, run: Run, after: str | None) -> ListPage:
        lookup = self._question(run, after)
        body = await self._found(run.source, lookup)
        # A 204: no other answer is empty.
        if not body:
            return ListPage(())
        try:
            return await asyncio.to_thread(run.plan.read, body, run.turn, after)
        except Exception as error:
            raise RunFailed(f"{lookup.path}: the answer cannot be read: {error}") from error

    def _question(self, run: Run, after: str | None) -> StoredLookup:
        adapter, lookup = self._adapters[run.source], run.plan.page(run.turn, moment(run.since), after)
        if (fault := fault_of_question(adapter, lookup)) is not None:
            raise RunFailed(f"adapter {adapter.name}: {fault}")
        return stored_lookup(adapter, lookup)

    async def _found(self, source: str, lookup: StoredLookup) -> bytes:
        """What was answered. Raises RunFailed."""
        answer = await try_patiently(self._fetch, source, lookup, self._sleep)
        if answer.status not in _GOOD:
            raise RunFailed(f"{lookup.path}: {answer.said}", answer)
        return answer.body

    async def _feed(self, run: Run, listed: Listed, mark: PageMark) -> Sequence[ListedRecord]:
        """Put a record into the inbox if it differs; what is to be remembered of it."""
        compared = await self._comparison.of(run, listed, mark)
        if compared.clock is not None and not compared.is_fed and run.feeds:
            # Before the first run nobody here was listening: what it finds was not lost.
            recovered = None if run.is_first else await self._topic_of(run.source, listed.subject, compared.named)
            await self._ledger.feed(compared.arrival, compared.answers, compared.clock, compared.digest, recovered)
            if recovered is not None:
                self._on_recovered(run.source, recovered)
            run.fed += 1
        return compared.named

    async def _topic_of(self, source: str, subject: str, named: Sequence[ListedRecord]) -> RecoveredTopic | None:
        """What a webhook would have told of the record's order, of the first where it has several.

        None: nothing was lost. Of what no order can be made, an event came all the same.
        """
        first = next((each for each in named if each.clock is not None), None)
        if first is None or not first.external_order_id:
            return None if await self._ledger.is_named(source, subject) else "changed"
        if await self._ledger.newest(first.tenant, first.external_order_id) is None:
            return "created"
        return "cancelled" if first.digest is None and first.reason is None else "changed"


def _plan_of(source: ConfiguredSource) -> Reconciliation | None:
    return None if source.adapter.reconciliation is None else source.adapter.reconciliation(source.options)
