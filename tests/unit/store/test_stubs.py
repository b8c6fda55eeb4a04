"""The store's ports as calls into its process are the ports."""

import runpy
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[3] / "scripts" / "make_stubs.py"


def test_stubs_are_the_ports():
    """What scripts/make_stubs.py makes of the ports is what stands there."""
    script = runpy.run_path(str(SCRIPT))

    assert script["STUBS"].read_text() == script["made"]()
