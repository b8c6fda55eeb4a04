"""What others wrote and we serve, or test with, is byte for byte what npm has, of one version and with its licence."""

import hashlib
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
ASSETS = ROOT / "gateway" / "console" / "assets"
AXE = ROOT / "tests" / "system" / "axe"
VENDORED = {
    ASSETS / "htmx.min.js": "a0abb04f2f45a1f89d1d4844023245537e5e6014c87b144553e0607b4cc32130",
    ASSETS / "hx-sse.min.js": "18ef2761356ec1fe0bb6d92612315b37517a7c1e9856b661c5ae81fef239d103",
    ROOT
    / "tests"
    / "system"
    / "axe"
    / "axe.min.js": "29348999450cdf2849a8e70b7912fc2da85a849da39c0d0d5394f51d4a9ed95c",
}
"""htmx.org 4.0.1 with its SSE extension (Zero-Clause BSD), axe-core 4.14.1 (MPL-2.0); SHA-256."""


@pytest.mark.parametrize("file", VENDORED, ids=lambda file: file.name)
def test_a_vendored_file_is_what_it_was(file):
    """Nobody mends it here."""
    assert hashlib.sha256(file.read_bytes()).hexdigest() == VENDORED[file]


def test_each_licence_stands_beside():
    """As its author wants it."""
    assert "Zero-Clause BSD" in (ASSETS / "htmx.LICENSE.txt").read_text()
    assert "Mozilla Public License" in (AXE / "LICENSE").read_text()
    assert "axe v4.14.1" in (AXE / "axe.min.js").read_text()[:200]


def test_what_needs_eval_is_not_used():
    """Htmx's `hx-on`, `js:`, trigger filters and `hx-live`; nor a script or a style of a page's own."""
    templates = "\n".join(file.read_text() for file in (ROOT / "gateway" / "console" / "templates").glob("*.html"))

    assert not re.search(
        r"hx-on|hx-live|js:|javascript:|hx-trigger=\"[^\"]*\[|<style|style=|<script>| on\w+=\"", templates
    )
