#!/usr/bin/env python3
"""What the fuzzer calls: the rim's grammar and every built-in adapter over one input; takes libFuzzer's own options.

What is looked for: any exception but a TranslationError, a result that breaks its promises, and a body that costs more
than 50 ms. libFuzzer starts this file anew for some of its work, so it can be executed by itself.
"""

import itertools
import sys
import time
from pathlib import Path
from typing import Any

import atheris

HERE = Path(__file__).resolve().parent
TESTS = HERE.parent
sys.path.insert(0, str(TESTS.parent))

with atheris.instrument_imports(include=["adapters", "schemas", "gateway.ingress.grammar"]):
    import adapters.logistics_plus
    import adapters.ongoing
    from gateway.ingress.grammar import fault_in

from adapters import Adapter, Hook  # noqa: E402 - after what is to be watched
from gateway.golden.cases import load_cases, read_options  # noqa: E402 - as above
from gateway.workshop.kit import checks  # noqa: E402 - as above


def situations(adapter: Adapter) -> list[tuple[Any, dict[str, bytes]]]:
    """The options and answers under which an adapter is tried, each once."""
    found: dict[str, tuple[Any, dict[str, bytes]]] = {}
    for case in load_cases(TESTS / "golden" / adapter.name):
        found.setdefault(repr((case.options, bool(case.answers))), (read_options(adapter, case.options), case.answers))
    return list(found.values())


TRIED = [
    (adapter, options, answers)
    for adapter in (adapters.logistics_plus.ADAPTER, adapters.ongoing.ADAPTER)
    for options, answers in situations(adapter)
]


def try_one(data: bytes) -> None:
    """The first byte chooses who reads the rest, the second whether as a body or as a lookup's answer."""
    if len(data) < 2:  # two bytes that choose
        return
    adapter, options, answers = TRIED[data[0] % len(TRIED)]
    body = data[2:]
    began = time.thread_time()
    is_good = fault_in(body) is None
    took = time.thread_time() - began
    if took > 10 * checks.SLOWEST_SECONDS:
        raise AssertionError(f"the grammar took {took:.3f} s")
    if not is_good:
        return
    if answers and data[1] & 1:
        place = next(itertools.islice(answers, data[1] // 2 % len(answers), None))
        (case, *_) = [case for case in load_cases_of(adapter.name) if place in case.answers]
        hook, answers = case.hook, {**answers, place: body}
    else:
        hook = Hook(body=body)
    # Instrumented code is several times slower: only what is slow by an order of magnitude is slow.
    problems = checks.problems_of_body(adapter, options, hook, answers, lambda: time.thread_time() / 10)
    if problems:
        raise AssertionError("; ".join(problems))


def load_cases_of(name: str, _known: dict[str, list[Any]] = {}) -> list[Any]:  # noqa: B006 - a memory
    """The golden cases of an adapter, read once."""
    if name not in _known:
        _known[name] = load_cases(TESTS / "golden" / name)
    return _known[name]


if __name__ == "__main__":
    atheris.Setup(sys.argv, try_one)
    atheris.Fuzz()
