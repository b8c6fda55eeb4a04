"""benchmarks.cells: what docs/scaling.md shows of larger loads is what the simulation prints."""

from pathlib import Path

import msgspec
import pytest

from benchmarks.cells import Costs, needs, told, waits

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "scaling.md").read_text()


def test_the_page_shows_what_is_simulated():
    """Both tables, row by row, by the costs that the page names."""
    for table in told(Costs()).strip().split("\n\n"):
        assert table in PAGE


def test_no_cell_is_given_more_than_it_bears():
    """Cells times what each bears at six tenths is the load at least, and hardly more."""
    costs = Costs()
    (needed,) = needs(costs, [100_000])

    assert 1.0 <= needed.cells * costs.most * costs.fill / needed.load < 1.01


def test_what_is_dearer_alone_bears_less():
    """By half, where it costs twice as much; and what waits is longer, the fuller the cell."""
    twice = msgspec.structs.replace(Costs(), alone=2 * Costs().alone)

    assert twice.most == pytest.approx(Costs().most / 2, rel=0.05)
    assert [each.p99 for each in waits(twice)] == sorted(each.p99 for each in waits(twice))
