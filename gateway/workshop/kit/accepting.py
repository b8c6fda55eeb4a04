"""`gateway adapter check --accept`: what comes out of golden cases becomes what is expected of them."""

import difflib
from collections.abc import Iterator
from pathlib import Path

from adapters import Adapter
from gateway.golden.cases import load_cases, outcome_of, read_options, written
from gateway.golden.judging import problems_of_case
from gateway.ground.watchdog import FAILURES, Watchdog
from gateway.workshop.kit.belongings import cases_directory


def accept(adapter: Adapter, directory: Path | None = None) -> Iterator[tuple[str, list[str]]]:
    """The cases of `directory` (None: where they are looked for) that changed, with the lines of the difference.

    A case from which nothing comes out (an exception, no answer, no end) stays as it is, for the check to tell.
    """
    found = cases_directory(adapter) if directory is None else directory
    if found is None:
        return
    watchdog = Watchdog()
    try:
        for case in load_cases(found):
            try:
                if not watchdog.call(problems_of_case, adapter, case):
                    continue
                outcome = watchdog.call(
                    outcome_of, adapter, read_options(adapter, case.options), case.hook, case.answers
                )
            except FAILURES:  # whatever an adapter raises is for the check to tell
                continue
            before, after = written(case.expected), written(outcome)
            (found / case.name / "expected.json").write_text(after, encoding="utf-8")
            lines = difflib.unified_diff(before.splitlines(), after.splitlines(), "expected", "now", n=1, lineterm="")
            yield case.name, list(lines)
    finally:
        watchdog.close()
