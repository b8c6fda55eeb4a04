"""What every adapter owes. Each check is a function that returns the problems it found: an empty list is a pass."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from adapters import Adapter, Hook
from gateway.golden.cases import Case, UnansweredError, answer_to, outcome_of, read_options
from gateway.golden.judging import ENDLESS, Outcome, problems_of_case, words_of
from gateway.ground.watchdog import FAILURES
from gateway.workshop.kit.belongings import modules_of
from gateway.workshop.kit.hostile import CORPUS, mutations
from gateway.workshop.kit.purity import Sentinel, problems_of_purity

SLOWEST_SECONDS, SLOWEST_MEGABYTE = 0.05, 0.2
"""CPU time that one body may cost, and beside it what each megabyte of it and of its answers may."""

SLOW = "took longer than a body of its size may"

MOST_PROBLEMS = 20
"""Problems of one kind that are told; the rest would only repeat them."""


def problems_of_body(
    adapter: Adapter,
    options: Any,
    hook: Hook,
    answers: Mapping[str, bytes],
    clock: Callable[[], float],
) -> list[str]:
    """What a hostile body brings about besides a TranslationError or a valid result; `clock` counts CPU seconds."""
    words = _fault_of_body(adapter, options, hook, answers, clock, outcome_of)
    return [] if words is None else [f"{words} for {hook.body[:200]!r}"]


def _fault_of_body(
    adapter: Adapter,
    options: Any,
    hook: Hook,
    answers: Mapping[str, bytes],
    clock: Callable[[], float],
    outcome: Outcome,
) -> str | None:
    longest = SLOWEST_SECONDS + SLOWEST_MEGABYTE * sum(map(len, (hook.body, *answers.values()))) / 1_000_000
    # A pause of the machine is not the adapter's: the better of two tries counts.
    for _ in range(2):
        began = clock()
        try:
            outcome(adapter, options, hook, answers)
        except UnansweredError:
            pass
        except FAILURES as error:
            return words_of(error)
        if clock() - began <= longest:
            return None
    return SLOW


def problems_of_hostile_bodies(
    adapter: Adapter,
    cases: Sequence[Case],
    corpus: Mapping[str, bytes] = CORPUS,
    outcome: Outcome = outcome_of,
) -> list[str]:
    """What a corpus of hostile bodies and every mutation of the golden cases' bodies and answers bring about.

    What many bodies bring about is told once, with the first of them.
    """
    found: dict[str, list[bytes]] = {}
    typed = {case.name: options for case in cases if (options := _options_of(adapter, case)) is not None}
    for case, hook, answers in _attacks([case for case in cases if case.name in typed], corpus):
        options = typed[case.name]
        words = _fault_of_body(adapter, options, hook, answers, time.thread_time, outcome)
        if words is not None:
            found.setdefault(words, []).append(hook.body[:200])
        # Each that does not end costs its whole second, each that is slow almost two.
        if max(len(found), *(len(found.get(each, ())) for each in (ENDLESS, SLOW))) >= MOST_PROBLEMS:
            break
    return [
        f"{words} for {bodies[0]!r}"
        if len(bodies) == 1
        else f"{words} for {len(bodies)} bodies, the first {bodies[0]!r}"
        for words, bodies in found.items()
    ]


def _options_of(adapter: Adapter, case: Case) -> Any:
    """A case's options; None where they lack one, which is told of the case itself."""
    try:
        return read_options(adapter, case.options)
    except msgspec.ValidationError:
        return None


def _attacks(cases: Sequence[Case], corpus: Mapping[str, bytes]) -> Iterator[tuple[Case, Hook, Mapping[str, bytes]]]:
    """Each request and its answers, with the case that it is made from."""
    seen: set[tuple[str, str]] = set()
    for case in {str(case.options): case for case in cases}.values():
        for body in corpus.values():
            yield case, msgspec.structs.replace(case.hook, body=body), case.answers
    for case in cases:
        fresh = _fresh(seen, f"body, {'looked up' if case.answers else 'alone'}")
        for body in mutations(case.hook.body, fresh):
            yield case, msgspec.structs.replace(case.hook, body=body), case.answers
        for place, path in enumerate(case.expected.get("lookups", [])):
            for body in mutations(answer_to(path, case.answers) or b"", _fresh(seen, f"answer {place}")):
                yield case, case.hook, {**case.answers, path: body}


def _fresh(seen: set[tuple[str, str]], what: str) -> Callable[[str], bool]:
    """Whether a member's path is met for the first time: cases share most of their members."""

    def is_fresh(path: str) -> bool:
        known = len(seen)
        seen.add((what, path))
        return len(seen) > known

    return is_fresh


def problems_of_options(adapter: Adapter) -> list[str]:
    """Where the options take what they do not know."""
    problems = []
    if _is_taken(adapter, {"no_such_option": 1}):
        problems.append("an unknown option is taken")
    return problems + [
        f"option {field.encode_name} takes anything"
        for field in msgspec.structs.fields(adapter.options)
        if all(_is_taken(adapter, {field.encode_name: wrong}) for wrong in ({"?": {"?": 1}}, [[["?"]]], 1.5))
    ]


def _is_taken(adapter: Adapter, raw: Mapping[str, Any]) -> bool:
    try:
        read_options(adapter, raw)
    except msgspec.ValidationError as error:
        return "missing required field" in str(error)
    return True


def problems_of_requests(adapter: Adapter, cases: Iterable[Case]) -> list[str]:
    """Headers and parameters that the adapter asks a request for without listing them: it would never see them."""
    asked: dict[str, None] = {}
    headers, parameters = {name.lower() for name in adapter.reads_headers}, set(adapter.reads_parameters)
    for case in cases:
        watched = msgspec.structs.replace(
            case.hook,
            headers=Watched(case.hook.headers, headers, "header", "reads_headers", asked),
            parameters=Watched(case.hook.parameters, parameters, "parameter", "reads_parameters", asked),
        )
        problems_of_case(adapter, msgspec.structs.replace(case, hook=watched))
    return list(asked)


class Watched(dict[str, str]):
    """What a request carries, noting what is asked for without being listed; that is never there, as in life."""

    def __init__(
        self, given: Mapping[str, str], listed: set[str], kind: str, member: str, asked: dict[str, None]
    ) -> None:
        super().__init__({name: value for name, value in given.items() if name in listed})
        self._listed, self._asked = listed, asked
        self._words = f"asks for the {kind} {{}}, which {member} does not list"

    def _note(self, name: str) -> str:
        if name not in self._listed:
            self._asked[self._words.format(name)] = None
        return name

    def __getitem__(self, name: str) -> str:
        return super().__getitem__(self._note(name))

    def __contains__(self, name: object) -> bool:
        return super().__contains__(self._note(str(name)))

    def get(self, name: str, default: Any = None) -> Any:
        """As of any dict."""
        return super().get(self._note(name), default)


def problems_of_source(adapter: Adapter, siblings: frozenset[str] = frozenset()) -> list[str]:
    """Where the adapter's own modules reach for a clock, a disk or a network, by reading them."""
    problems: list[str] = []
    for module in modules_of(adapter):
        file = Path(module.__file__ or "")
        package = "" if module.__name__.startswith("adapters.") else module.__name__.partition(".")[0]
        found = problems_of_purity(file.read_bytes(), siblings - {adapter.name}, package)
        problems += [f"{file.name}: {problem}" for problem in found]
    return problems


def problems_of_running(adapter: Adapter, cases: Iterable[Case]) -> list[str]:
    """What reads a clock, a disk or a network while the golden cases run, by whatever alias."""
    sentinel = Sentinel()
    for case in cases:
        if (options := _options_of(adapter, case)) is None:
            continue
        # The first run loads what is loaded once, such as a time zone; it is not the adapter's doing.
        problems_of_case(adapter, case)
        sentinel.watch(outcome_of, adapter, options, case.hook, case.answers)
    return [f"calls {call}" for call in sentinel.calls]
