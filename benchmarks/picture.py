"""A picture of the ingest figures: bars as shares of the bare server's rate, as plain SVG."""

from collections.abc import Sequence
from typing import Final
from xml.sax.saxutils import escape

from gateway.workshop.bench.ingest import Row
from gateway.workshop.bench.machine import Machine

WORDS: Final = {
    "bare": "bare 200s, nothing kept",
    "rim": "our rim, nothing kept",
    "durable": "stored before the 200",
    "gateway": "stored, and translated meanwhile",
}

_WIDTH, _LEFT, _BAR, _GAP, _TOP = 760, 250, 22, 10, 64
_FULL: Final = _WIDTH - _LEFT - 150
_STYLE: Final = (
    "text{font:13px system-ui,sans-serif;fill:#24292f}.title{font-weight:600;font-size:15px}.note{fill:#57606a;"
    "font-size:11px}.bar{fill:#2f6f5e}.bare{fill:#b6bfc7}@media(prefers-color-scheme:dark){text{fill:#e6edf3}"
    ".note{fill:#9da7b1}.bar{fill:#58b398}.bare{fill:#484f58}}"
)


def draw(rows: Sequence[Row], machine: Machine) -> str:
    """The servers at the setting nearest to 3 kB and 64 connections."""
    nearest = min(rows, key=lambda row: (abs(row.body - 3000), abs(row.connections - 64)))
    shown = [row for row in rows if (row.body, row.connections) == (nearest.body, nearest.connections)]
    longest = max(1.0, *(row.ratio for row in shown))
    height = _TOP + len(shown) * (_BAR + _GAP) + 44
    title = f"Webhooks a second, {nearest.body / 1000:g} kB, {nearest.connections} connections"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img" aria-label="{title}">',
        f"<style>{_STYLE}</style>",
        f'<text class="title" x="12" y="24">{title}</text>',
        '<text class="note" x="12" y="44">share of the same server answering bare 200s in the same run, medians</text>',
    ]
    for place, row in enumerate(shown):
        top = _TOP + place * (_BAR + _GAP)
        length = max(1.0, row.ratio / longest * _FULL)
        kind = "bare" if row.server == "bare" else "bar"
        words = escape(WORDS.get(row.server, row.server))
        parts += [
            f'<text x="{_LEFT - 10}" y="{top + 16}" text-anchor="end">{words}</text>',
            f'<rect class="{kind}" x="{_LEFT}" y="{top}" width="{length:.1f}" height="{_BAR}" rx="3"/>',
            f'<text x="{_LEFT + length + 8:.1f}" y="{top + 16}">{row.ratio:.2f} · {row.rate:,.0f}/s</text>',
        ]
    foot = (
        f"{machine.processor}, {machine.cores} cores, Python {machine.python}, SQLite {machine.sqlite}, {machine.load}"
    )
    parts += [f'<text class="note" x="12" y="{height - 16}">{escape(foot)}</text>', "</svg>", ""]
    return "\n".join(parts)
