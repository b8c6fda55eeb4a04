"""The whole check of one adapter, and its place on the scale.

- *documented*: keeps every promise on golden cases, and has a page.
- *captured*: at least one golden case came in from the vendor, and becomes what the vendor meant by it: no dead letter.
- *proven*: every member that it reads stands in a captured case, and neither the page nor the source owes anything.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, TypeAlias

import msgspec

from adapters import Adapter
from adapters.reading import BOM
from gateway.drift.shapes import ITEM, Shapes, shapes_of, written
from gateway.golden import judging
from gateway.golden.cases import Case, load_cases
from gateway.ground.watchdog import Watchdog
from gateway.workshop.kit import checks, claims
from gateway.workshop.kit.belongings import cases_directory, modules_of, page_of, siblings_of

Scale: TypeAlias = Literal["documented", "captured", "proven"]

GUESS = "# guess"
"""How the kit marks a line of which it is not sure; people take the mark away."""

DEBT = "- [ ]"
"""How a page writes down what nobody knows yet."""


class Mark(msgspec.Struct, frozen=True):
    """One check: what it asks, what was found wrong, and what would help."""

    check: str
    problems: tuple[str, ...]
    remedy: str | None = None


class Coverage(msgspec.Struct, frozen=True, rename="camel"):
    """Which members the adapter reads that some golden case holds, and those of the cases that it never reads."""

    read: int
    covered: int
    uncovered: tuple[str, ...]
    not_captured: tuple[str, ...]
    never_read: tuple[str, ...]


class Scorecard(msgspec.Struct, frozen=True, rename="camel"):
    """What is known of an adapter's quality; `scale` is None while it breaks a promise."""

    adapter: str
    version: str
    scale: Scale | None
    marks: tuple[Mark, ...]
    cases: int
    captured: int
    coverage: Coverage
    missing: tuple[str, ...]

    @property
    def is_good(self) -> bool:
        """Whether every promise is kept."""
        return not any(mark.problems for mark in self.marks)


def assess(
    adapter: Adapter,
    *,
    directory: Path | None = None,
    is_thorough: bool = True,
    seconds: float = 1.0,
    tell: Callable[[str], None] = lambda _: None,
) -> Scorecard:
    """Check an adapter on the golden cases of `directory` (None: where they are looked for).

    `is_thorough` runs hostile bodies too; `tell` is told of each check before it runs.
    """
    found = cases_directory(adapter) if directory is None else directory
    cases = load_cases(found) if found is not None else []
    page = page_of(adapter)
    watchdog = Watchdog(seconds)
    try:
        marks = tuple(_marks(adapter, cases, page, watchdog, is_thorough=is_thorough, tell=tell))
    finally:
        watchdog.close()
    coverage = _coverage(shapes_of(adapter), cases)
    needs = {
        "documented": [
            *(["a check fails"] if any(mark.problems for mark in marks) else []),
            *([f"a page, {adapter.name}.md"] if page is None else []),
        ],
        "captured": [] if any(case.is_captured and case.expected["outcome"] != "dead" for case in cases) else [CAPTURE],
        "proven": _unproven(adapter, page, coverage),
    }
    scale, missing = _place(needs)
    return Scorecard(
        adapter=adapter.name,
        version=adapter.version,
        scale=scale,
        marks=marks,
        cases=len(cases),
        captured=sum(case.is_captured for case in cases),
        coverage=coverage,
        missing=missing,
    )


def _unproven(adapter: Adapter, page: Path | None, coverage: Coverage) -> list[str]:
    return [
        *(f"no captured case holds {path}" for path in coverage.not_captured),
        *(f"the page owes: {debt}" for debt in _debts(page)),
        *(f"a guess stands in the source: {guess}" for guess in _guesses(adapter)),
    ]


CAPTURE = (
    "a captured case that is no dead letter: `gateway events export ID --golden DIR`, or a sample with the request's "
    "headers"
)
REMEDIES = {
    "options are strict": "give each option a type of its own; OptionsModel refuses what it does not know",
    "the source is pure": "an adapter is a function of its hook: time of receipt, options and answers are arguments",
    "golden cases come out as expected, twice": "mend the adapter, or, if this is right, take it: --accept",
    "events have IDs of their own": "take another member or header, or None: the body's hash names the event",
    "asks for what it lists": "list it in `reads_headers` or `reads_parameters`",
    "hostile bodies harm nobody": "decode with `decoder`, and raise MalformedPayload or IncompletePayload for the rest",
    "the page is true": "mend the page",
}
"""What helps where a check fails."""
LESS = (
    f"do less for each member: a body may take {checks.SLOWEST_SECONDS:g} s of the processor's, and "
    f"{checks.SLOWEST_MEGABYTE:g} s more for each megabyte"
)


def _place(needs: Mapping[str, Sequence[str]]) -> tuple[Scale | None, tuple[str, ...]]:
    """The last step of the scale that needs nothing, and what the next one needs."""
    reached: Scale | None = None
    steps: tuple[Scale, ...] = ("documented", "captured", "proven")
    for step in steps:
        if needs[step]:
            return reached, tuple(needs[step])
        reached = step
    return reached, ()


def _marks(
    adapter: Adapter,
    cases: list[Case],
    page: Path | None,
    watchdog: Watchdog,
    *,
    is_thorough: bool,
    tell: Callable[[str], None],
) -> Iterator[Mark]:
    outcome = judging.watched(watchdog)

    def of_cases() -> Iterable[str]:
        if not cases:
            yield "no golden cases: `gateway adapter new` writes one, and so does `gateway events export --golden`"
        yield from judging.problems_of_cases(adapter, cases, outcome)

    goes = [True]
    asked: list[tuple[str, Callable[[], Iterable[str]]]] = [
        ("options are strict", lambda: checks.problems_of_options(adapter)),
        ("the source is pure", lambda: checks.problems_of_source(adapter, siblings_of(adapter))),
        ("golden cases come out as expected, twice", of_cases),
        ("events have IDs of their own", lambda: claims.problems_of_identities(cases)),
        ("asks for what it lists", lambda: checks.problems_of_requests(adapter, cases)),
        ("reads no clock, no disk, no network", lambda: checks.problems_of_running(adapter, cases)),
    ]
    if page is not None:
        text = page.read_text(encoding="utf-8")
        asked.append(("the page is true", lambda: claims.problems_of_page(adapter, text, cases)))
    if is_thorough:
        asked.append(
            ("hostile bodies harm nobody", lambda: checks.problems_of_hostile_bodies(adapter, cases, outcome=outcome))
        )
    for check, problems_of in asked:
        tell(check)
        # What loops for ever, or fails on its own cases, cannot be watched any closer.
        problems = tuple(problems_of()) if goes[0] else ()
        goes[0] = goes[0] and not any("did not end" in problem for problem in problems)
        yield Mark(check, problems[: checks.MOST_PROBLEMS], remedy_of(check, problems))


def remedy_of(check: str, problems: Sequence[str]) -> str | None:
    """What helps where a check finds these problems."""
    if not problems:
        return None
    return LESS if all(problem.startswith(checks.SLOW) for problem in problems) else REMEDIES.get(check)


def _debts(page: Path | None) -> list[str]:
    lines = page.read_text(encoding="utf-8").splitlines() if page is not None else []
    return [line.strip().removeprefix(DEBT).strip() for line in lines if line.strip().startswith(DEBT)]


def _guesses(adapter: Adapter) -> list[str]:
    return [
        f"{Path(module.__file__ or '').name}, line {number}"
        for module in modules_of(adapter)
        for number, line in enumerate(
            Path(module.__file__ or "").read_text(encoding="utf-8", errors="replace").splitlines(), 1
        )
        if GUESS in line
    ]


def _coverage(shapes: Shapes, cases: Sequence[Case]) -> Coverage:
    """A member with a null is not held: nothing shows what it would be."""
    held = _held(cases)
    captured = _held([case for case in cases if case.is_captured])
    read = shapes.members()
    bodies = {steps for case in cases for steps in _leaves(_value(case.hook.body), ())}
    return Coverage(
        read=len(read),
        covered=sum(steps in held for steps in read),
        uncovered=tuple(written(steps) for steps in read if steps not in held),
        not_captured=tuple(written(steps) for steps in read if steps not in captured),
        never_read=tuple(sorted(written(s) for s in bodies if not shapes.knows(s))) if shapes.are_known else (),
    )


def _held(cases: Iterable[Case]) -> set[tuple[str, ...]]:
    values = (_value(body) for case in cases for body in (case.hook.body, *case.answers.values()))
    return {steps for value in values for steps in _members(value, ())}


def _value(body: bytes) -> Any:
    try:
        return json.loads(body.removeprefix(BOM))
    except (ValueError, RecursionError):
        return None


def _members(value: Any, steps: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """The steps to every member that is not null."""
    if isinstance(value, dict):
        for key, member in value.items():
            if member is not None:
                yield (*steps, key)
                yield from _members(member, (*steps, key))
    elif isinstance(value, list):
        for member in value:
            yield from _members(member, (*steps, ITEM))


def _leaves(value: Any, steps: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    if isinstance(value, dict):
        for key, member in value.items():
            yield from _leaves(member, (*steps, key))
    elif isinstance(value, list):
        for member in value:
            yield from _leaves(member, (*steps, ITEM))
    else:
        yield steps
