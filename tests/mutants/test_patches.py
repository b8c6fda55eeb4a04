"""The mutants keep up with the code: each still finds its line, and names tests that are there."""

from pathlib import Path

import pytest

from tests.mutants.run import ROOT, Mutant, mutants

NAMES = ("fsync", "dedupe", "version", "tie", "tombstone", "lease_token", "lone_refusal", "settle_delay", "owner",
         "back_off", "identical_state", "suppliers_address")  # fmt: skip


@pytest.mark.parametrize("mutant", mutants(), ids=lambda mutant: mutant.name)
def test_mutant_applies(mutant: Mutant, tmp_path: Path):
    """It changes one line of one file, which still is Python, and its tests exist."""
    copy = tmp_path / mutant.file
    copy.parent.mkdir(parents=True)
    copy.write_text((ROOT / mutant.file).read_text())
    before = mutant.apply(tmp_path)
    changed = [
        pair for pair in zip(before.split("\n"), copy.read_text().split("\n"), strict=True) if pair[0] != pair[1]
    ]

    assert len(changed) == 1
    if copy.suffix == ".py":
        compile(copy.read_text(), mutant.file, "exec")
    assert mutant.tests
    for test in mutant.tests:
        path, _, name = test.partition("::")
        assert f"def {name.partition('[')[0]}" in (ROOT / path).read_text()


def test_the_promises_have_their_mutants():
    """What the promises rest on is among them."""
    assert set(NAMES) <= {mutant.name for mutant in mutants()}
