"""Make the pages a site: `python scripts/make_site.py [FOLDER]`, `site/` by default; a lost link fails it.

The pages lie beside each other as in the checkout, so that what is a link there is one in the site. The navigation is
what docs/README.md lists, in its four kinds.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
INDEX = "docs/README.md"
KIND = re.compile(r"^\*\*(To [^*]+)\*\*", re.MULTILINE)
LINK = re.compile(r"\[([^\]]+)\]\(([^)#\s]+\.md)\)")


def navigation(index: str) -> list[dict[str, Any]]:
    """The kinds of pages, each with its pages by their titles, in the index's order."""
    starts = [*KIND.finditer(index)]
    ends = [*(each.start() for each in starts[1:]), len(index)]
    kinds: list[dict[str, Any]] = []
    for start, end in zip(starts, ends, strict=True):
        links = LINK.findall(index[start.end() : end])
        pages = {(ROOT / "docs" / link).resolve().relative_to(ROOT).as_posix(): text for text, link in links}
        kinds.append({start[1]: [{title_of(page): page} for page in pages]})
    return [{"Trackely Gateway": "README.md"}, {"Documentation": INDEX}, *kinds]


def title_of(page: str) -> str:
    """A page's own title."""
    return (ROOT / page).read_text(encoding="utf-8").partition("\n")[0].removeprefix("# ")


def gather(place: Path) -> None:
    """Lay out what pages may lead to: all that is kept here but the tests."""
    git = shutil.which("git") or "git"
    listed = subprocess.run([git, "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    for name in listed.stdout.split("\n"):
        if name and not name.startswith(("tests/", "requirements/", ".")) and (ROOT / name).is_file():
            target = place / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, target)


def main(folder: str = "site") -> None:
    """Build the site, strictly."""
    with tempfile.TemporaryDirectory() as name:
        pages = Path(name) / "pages"
        gather(pages)
        (pages / "mkdocs.yml").unlink(missing_ok=True)
        nav = "\n".join(["nav:", *map(_written, navigation((ROOT / INDEX).read_text(encoding="utf-8")))])
        settings = (ROOT / "mkdocs.yml").read_text(encoding="utf-8") + f"docs_dir: {pages}\n{nav}\n"
        (Path(name) / "mkdocs.yml").write_text(settings, encoding="utf-8")
        command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet"]
        command += ["--config-file", f"{name}/mkdocs.yml", "--site-dir", str(Path(folder).resolve())]
        subprocess.run(command, env={**os.environ, "NO_MKDOCS_2_WARNING": "1"}, check=True)
    print(f"{folder}/index.html")


def _written(entry: dict[str, Any]) -> str:
    ((title, what),) = entry.items()
    if isinstance(what, str):
        return f"  - {title!r}: {what}"
    return "\n".join([f"  - {title!r}:", *(f"  {_written(each)}" for each in what)])


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except subprocess.CalledProcessError as error:
        sys.exit(error.returncode)
