"""What is left out of what libraries load."""

import importlib
import subprocess
import sys

import pytest

from gateway.cli.serving import FOR_PEOPLE
from gateway.ground.imports import leaving_out


def test_what_is_left_out_is_there_afterwards(monkeypatch):
    """And what was there before is there all the time."""
    monkeypatch.delitem(sys.modules, "this", raising=False)
    with leaving_out("this", "sys"):
        with pytest.raises(ModuleNotFoundError):
            importlib.import_module("this")
        assert importlib.import_module("sys") is sys
    assert "this" not in sys.modules


def test_a_server_loads_nothing_that_draws_on_a_terminal():
    """Nor does it need to."""
    script = """
import sys
from gateway.cli.serving import FOR_PEOPLE
from gateway.ground.imports import leaving_out
with leaving_out(*FOR_PEOPLE):
    import gateway.service.running
print(*{name.partition(".")[0] for name in sys.modules} & {"rich", "pygments"})
import httpx, rich.console
"""
    done = subprocess.run([sys.executable, "-P", "-c", script], capture_output=True, text=True, check=True)

    assert FOR_PEOPLE
    assert done.stdout.split() == []
