"""Whatever happens to replicas and their database: nothing acknowledged is lost, nothing goes twice at once."""

import os
import subprocess
import sys

import pytest

from tests import nemesis
from tests.processes import ROOT, environment

PROMOTIONS = int(os.environ.get("PROMOTIONS", "100"))


def test_it_begins_by_itself():
    """`make nemesis` imports it first, before any other of the tests."""
    asked = [sys.executable, "-m", "tests.nemesis", "--help"]
    told = subprocess.run(asked, cwd=ROOT, env=environment(), capture_output=True, text=True, check=False)

    assert told.returncode == 0, told.stderr
    assert "--seconds" in told.stdout


def test_each_blow_once(tmp_path):
    """A replica killed, stopped, cut off; a promotion, waits cancelled, connections cut and swallowed; wrong clocks."""
    outcome = nemesis.run(tmp_path, seconds=None)

    assert outcome["wrong"] == {}
    assert {"kill", "stop", "part", "promote", "cancel", "cut", "swallow"} <= set(outcome["done"])
    assert outcome["done"]["promotions"] == 2
    assert outcome["done"]["cancelled waits"] > 0


@pytest.mark.soak
@pytest.mark.timeout(60 * PROMOTIONS)
def test_a_hundred_promotions(tmp_path):
    """With replicas struck at the same time, and waits cancelled before every other one."""
    outcome = nemesis.run(tmp_path, promotions=PROMOTIONS)

    assert outcome["wrong"] == {}
    assert outcome["done"]["promotions"] >= PROMOTIONS
    assert outcome["done"]["cancelled waits"] > 0
