"""Coverage-guided fuzzing of what reads a vendor's bytes, for so long; what `target.py` looks for.

The corpus in `corpus/` is kept: what reaches code that no golden or hostile body reaches. A finding is written to
`findings/` and repeated by `run.py FILE`.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
TESTS = HERE.parent
LONGEST = 16_384
SEEDS = ("golden", "hostile")
# More than there are situations for which the target may choose.
CHOICES = 64


def seeds(folder: Path) -> None:
    """Every golden and hostile body, each for some of those that may read it, as a body and as an answer."""
    files = [file for top in SEEDS for file in sorted((TESTS / top).rglob("*")) if file.is_file()]
    for number, file in enumerate(files):
        body = file.read_bytes()
        if len(body) < LONGEST:
            for choice in range(number % 8, CHOICES, 8):
                (folder / f"{number}-{choice}").write_bytes(bytes([choice, number % 2]) + body)


def main() -> int:
    """Fuzz, then keep of the corpus what matters; or try the files named. The exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=60, help="how long; 0 tries the kept corpus alone")
    parser.add_argument("files", nargs="*", help="inputs to try again")
    given = parser.parse_args()
    if given.files:
        return _libfuzzer(*given.files)
    kept, findings = HERE / "corpus", HERE / "findings"
    kept.mkdir(exist_ok=True)
    findings.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        grown, begun = Path(name) / "grown", Path(name) / "seeds"
        grown.mkdir()
        begun.mkdir()
        seeds(begun)
        runs = "-runs=0" if given.seconds == 0 else f"-max_total_time={given.seconds}"
        options = [runs, f"-max_len={LONGEST}", "-timeout=10", "-rss_limit_mb=2048", "-print_final_stats=1"]
        code = _libfuzzer(*options, f"-artifact_prefix={findings}{os.sep}", str(grown), str(kept), str(begun))
        if code == 0 and given.seconds:
            code = _keep(kept, begun, grown, Path(name) / "merged")
    return code


def _keep(kept: Path, begun: Path, grown: Path, merged: Path) -> int:
    """Keep what reaches more than the seeds do."""
    merged.mkdir()
    # The seeds first, so that what they reach counts as reached.
    for file in begun.iterdir():
        (merged / file.name).write_bytes(file.read_bytes())
    before = {file.name for file in merged.iterdir()}
    code = _libfuzzer("-merge=1", str(merged), str(kept), str(grown))
    if code == 0:
        for file in kept.iterdir():
            file.unlink()
        for file in merged.iterdir():
            if file.name not in before:
                (kept / file.name).write_bytes(file.read_bytes())
    return code


def _libfuzzer(*options: str) -> int:
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    command = [str(HERE / "target.py"), *options]
    return subprocess.run(command, check=False, cwd=TESTS.parent, env={**os.environ, "PATH": path}).returncode


if __name__ == "__main__":
    sys.exit(main())
