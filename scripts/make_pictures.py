"""Draw what the demo and `adapter new` print into docs/img/, by running them: `python scripts/make_pictures.py`.

Needs what `scripts/set_up.py run` sets up. A picture is text in an SVG: small, and it can be read and searched.
"""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from xml.sax.saxutils import escape

ROOT = Path(__file__).resolve().parent.parent
IMAGES = ROOT / "docs" / "img"
SAMPLE = """{
  "eventId": "e-77",
  "order": {
    "number": "PK-1001", "status": "released", "updatedAt": "2026-03-01T10:00:00Z", "totalWeightGrams": 12500,
    "shipTo": {"company": "Acme AS", "line1": "Storgata 1", "city": "Oslo", "postalCode": "0155", "countryCode": "NO"}
  }
}
"""
COLUMNS, LINE, CHARACTER, EDGE = 92, 17, 7.3, 16
SHOWN = 12
COLOURS = {"$": "#7dcfff", "delivered": "#9ece6a", "repeat": "#7aa2f7", "set aside": "#e0af68"}
PLAIN = "#c0caf5"
NO_BREAK = "\N{NO-BREAK SPACE}"
"""Other spaces fold where they follow one another."""


def printed(folder: Path, *arguments: str) -> list[str]:
    """What a command prints in a folder, line by line, without the folder's own name."""
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": str(COLUMNS), "NO_COLOR": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "gateway", *arguments],
        cwd=folder, env=environ, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return done.stdout.replace(f"{folder.resolve()}/", "").splitlines()


def demo(folder: Path) -> list[str]:
    """From what became of each sample to the sentence that counts them."""
    lines = printed(folder, "demo", "--once")
    start = next(place for place, line in enumerate(lines) if line.startswith("7 samples"))
    end = next(place for place, line in enumerate(lines) if line.startswith("All is as it should be"))
    # What it says while somebody waits is no part of the outcome.
    return ["$ make demo", *(line for line in lines[start : end + 1] if not line.startswith("("))]


def draft(folder: Path) -> list[str]:
    """A sample, what the kit says of it, and the heart of the module that it wrote."""
    (folder / "order.json").write_text(SAMPLE)
    told = printed(folder, "adapter", "new", "acme", "--sample", "order.json")
    page = (folder / "acme.py").read_text()
    translate = page[page.index("def translate(") : page.index("\n\n\nADAPTER")]
    asked = "$ gateway adapter new acme --sample order.json"
    return [asked, *told, "", "$ cat acme.py", "...", *translate.splitlines()[:SHOWN], "    ..."]


def drawn(lines: list[str], title: str) -> str:
    """The lines as a terminal shows them."""
    wide = round(2 * EDGE + max(map(len, lines)) * CHARACTER)
    high = 2 * EDGE + LINE * len(lines)
    shown = [(place, line) for place, line in enumerate(lines) if line]
    begin = f'<text x="{EDGE}" y='
    texts = [f'{begin}"{_height(place):g}" fill="{_colour(line)}">{_text(line)}</text>' for place, line in shown]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {high}" role="img">',
            f"<title>{escape(title)}</title>",
            f'<rect width="{wide}" height="{high}" rx="8" fill="#1a1b26"/>',
            '<g font-family="ui-monospace,Menlo,Consolas,monospace" font-size="12">',
            *texts,
            "</g>",
            "</svg>",
            "",
        ]
    )


def _height(place: int) -> float:
    return EDGE + LINE * (place + 0.75)


def _text(line: str) -> str:
    return escape(line.replace(" ", NO_BREAK))


def _colour(line: str) -> str:
    return next((colour for begin, colour in COLOURS.items() if line.startswith(begin)), PLAIN)


def main() -> None:
    """Draw both."""
    for name, title, tell in (
        ("demo", "what the demo prints: what became of each sample", demo),
        ("adapter-new", "what `gateway adapter new` prints and writes", draft),
    ):
        with tempfile.TemporaryDirectory() as folder:
            lines = [re.sub(r"ord_(\w{8})\w+", r"ord_\1…", line) for line in tell(Path(folder))]
        (IMAGES / f"{name}.svg").write_text(drawn(lines, title), encoding="utf-8")


if __name__ == "__main__":
    main()
