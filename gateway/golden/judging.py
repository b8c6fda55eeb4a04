"""Whether an adapter makes of golden cases what is expected of it, told as the problems found: none is a pass."""

import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

import msgspec

from adapters import Adapter, Hook
from gateway.golden.cases import BrokenPromiseError, Case, UnansweredError, outcome_of, read_options
from gateway.ground.watchdog import FAILURES, Overrun, Watchdog

LONGEST_VALUE = 120
"""Characters of a value that are told."""

ABSENT = object()
"""What stands in a member's place where there is none."""

ENDLESS = "did not end within a second"

Outcome: TypeAlias = Callable[[Adapter, Any, Hook, Mapping[str, bytes]], dict[str, Any]]
"""`outcome_of`, or `watched`."""


def watched(watchdog: Watchdog) -> Outcome:
    """`outcome_of` under a watchdog's eyes."""
    return partial(watchdog.call, outcome_of)


def problems_of_cases(adapter: Adapter, cases: Iterable[Case], outcome: Outcome = outcome_of) -> list[str]:
    """Where golden cases come out otherwise than expected, or otherwise the second time; what many share, once."""
    found: dict[str, list[str]] = {}
    for case in cases:
        for words in _faults_of_case(adapter, case, outcome):
            found.setdefault(words, []).append(case.name)
    return [
        f"{names[0]}: {words}" if len(names) == 1 else f"{words}, in {len(names)} cases, the first {names[0]}"
        for words, names in found.items()
    ]


def problems_of_case(adapter: Adapter, case: Case) -> list[str]:
    """The same of one case."""
    return problems_of_cases(adapter, [case])


def _faults_of_case(adapter: Adapter, case: Case, outcome: Outcome) -> list[str]:
    try:
        options = read_options(adapter, case.options)
        first, second = (outcome(adapter, options, case.hook, case.answers) for _ in range(2))
    except msgspec.ValidationError as error:
        return [f"options.json: {error}"]
    except UnansweredError as error:
        return [f"no answer to the lookup {error}: expected its file below answers/"]
    except FAILURES as error:
        return [words_of(error)]
    # A member that is null says no more than one that is absent.
    expected, got = (
        {name: value for name, value in each.items() if value is not None} for each in (case.expected, first)
    )
    faults = list(_differences(expected, got, ""))
    return faults + ([] if first == second else ["another outcome the second time"])


def _differences(expected: Any, got: Any, path: str) -> Iterator[str]:
    """Where an outcome is not what was expected, each by its path: the state's number only where there are several."""
    if expected == got:
        return
    if isinstance(expected, dict) and isinstance(got, dict):
        for name in sorted(expected.keys() | got.keys()):
            yield from _differences(expected.get(name, ABSENT), got.get(name, ABSENT), f"{path}.{name}".lstrip("."))
    elif isinstance(expected, list) and isinstance(got, list) and len(expected) == len(got):
        is_lone_state = path == "states" and len(got) == 1
        for place, (one, other) in enumerate(zip(expected, got, strict=True)):
            yield from _differences(one, other, "" if is_lone_state else f"{path}[{place}]")
    else:
        yield f"{path}: expected {_brief(expected)}, got {_brief(got)}"


def _brief(value: Any) -> str:
    if value is ABSENT:
        return "nothing"
    if isinstance(value, list) and any(isinstance(item, dict) for item in value):
        return f"{len(value)} of them"
    text = repr(value)
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}…"


def words_of(error: BaseException) -> str:
    """What an adapter raised, and where."""
    if isinstance(error, Overrun):
        return ENDLESS
    if isinstance(error, BrokenPromiseError):
        return str(error)
    frames = traceback.extract_tb(error.__traceback__)
    where = f" ({Path(frames[-1].filename).name}, line {frames[-1].lineno})" if frames else ""
    return f"{type(error).__name__}: {error}{where}"
