"""Breaks the gateway on purpose, one line at a time, and sees which test catches it: `python tests/mutants/run.py`.

Each `*.patch` beside this file is a mutant: what it breaks, a line `Caught by: ` with the tests that are to see it,
and one changed line. It is applied to a copy of the checkout. Names of mutants, as arguments, pick some. The exit code
is 1 if one survives, 2 if the tests fail even without one.
"""

# ruff: noqa: T201 - a script that talks to a person

import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
ROOT = FOLDER.parent.parent
LEFT_OUT = shutil.ignore_patterns(".git", ".venv", "*cache*", ".hypothesis", "data", "*.egg-info", "build", "dist")
CAUGHT_BY = "Caught by: "
LONGEST = 600
NOT_RUN = (4, 5)
"""What pytest ends with when it was asked wrongly, or found no test."""


@dataclass(frozen=True)
class Mutant:
    """One broken line: in `file`, `before` becomes `after`; `tests` are to see it."""

    name: str
    what: str
    tests: tuple[str, ...]
    file: str
    before: str
    after: str

    def apply(self, root: Path) -> str:
        """Break the copy; the file's text as it was. Raises ValueError where the line is not there exactly once."""
        path = root / self.file
        text = path.read_text()
        if text.count(self.before) != 1:
            raise ValueError(f"{self.name}: {self.file} has {text.count(self.before)} places for it, not one")
        path.write_text(text.replace(self.before, self.after))
        return text


def read(patch: Path) -> Mutant:
    """A mutant of a unified diff."""
    told, _, diff = patch.read_text().partition("--- a/")
    lines = diff.splitlines(keepends=True)
    hunk = [line for line in lines[2:] if not line.startswith("@@")]
    what, _, tests = told.partition(CAUGHT_BY)
    return Mutant(
        name=patch.stem,
        what=" ".join(what.split()),
        tests=tuple(tests.split()),
        file=lines[0].strip(),
        before="".join(line[1:] for line in hunk if line[0] in " -"),
        after="".join(line[1:] for line in hunk if line[0] in " +"),
    )


def mutants() -> list[Mutant]:
    """All there are."""
    return [read(patch) for patch in sorted(FOLDER.glob("*.patch"))]


def failures(root: Path, tests: list[str]) -> list[str]:
    """The first test that fails in the copy, if one does, and why."""
    command = [
        sys.executable, "-m", "pytest", "-q", "-x", "--tb=line", "-p", "no:cacheprovider", "-o", "addopts=",
        # What a broken gateway leaves unclosed must not hide which test saw it.
        "-o", "filterwarnings=", "--import-mode=importlib", *tests,
    ]  # fmt: skip
    try:
        done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=LONGEST, check=False)
    except subprocess.TimeoutExpired:
        return [f"hung: {' '.join(tests)}"]
    found = [
        line.split(" ", 1)[1] for line in done.stdout.splitlines() if line.startswith(("FAILED tests", "ERROR tests"))
    ]
    if done.returncode in NOT_RUN:
        sys.exit(f"pytest could not run:\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
    return found or (["pytest broke off"] if done.returncode else [])


def main(names: list[str]) -> int:
    """Try them all, or those that are named."""
    chosen = [mutant for mutant in mutants() if not names or mutant.name in names]
    if unknown := set(names).difference(mutant.name for mutant in chosen):
        sys.exit(f"no mutant is called {', '.join(sorted(unknown))}: each has a .patch in {FOLDER.name}/")
    survivors = []
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        root = Path(folder) / "copy"
        shutil.copytree(ROOT, root, ignore=LEFT_OUT)
        tests = sorted({test for mutant in chosen for test in mutant.tests})
        print(f"{len(chosen)} mutants; first the {len(tests)} tests without one ...", flush=True)
        broken = failures(root, tests)
        if broken:
            print(f"fails even without a mutant: {broken[0]}")
            return 2
        for mutant in chosen:
            began = time.monotonic()
            text = mutant.apply(root)
            caught = failures(root, list(mutant.tests))
            (root / mutant.file).write_text(text)
            ending = f"caught by {caught[0].split(' - ')[0]}" if caught else "SURVIVED"
            print(
                f"{mutant.name:20} {mutant.what.rstrip('.')}: {ending} ({time.monotonic() - began:.0f} s)", flush=True
            )
            if not caught:
                survivors.append(mutant.name)
    print(f"{len(chosen) - len(survivors)} of {len(chosen)} caught", *survivors)
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
