"""What the demo needs before it starts: a configuration, and secrets where none are set."""

import contextlib
import os
import re
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

from gateway.config.load import load
from gateway.config.model import Config
from gateway.errors import ConfigError, Fault
from gateway.registry import find_adapter
from gateway.workshop.demo.places import on_free_ports, refuse_others
from gateway.workshop.samples import shipped_config

SECRETS_FILE: Final = "demo-secrets.env"

_NAME = re.compile(r"(?<!\$)\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_LINE = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)=([A-Za-z0-9_-]+)")


class Prepared(msgspec.Struct, frozen=True):
    """The configuration and its file; where the made-up secrets are kept, if any were; what was done, in sentences.

    `environ` are the variables that it was read with.
    """

    config: Config
    file: Path
    secrets_file: Path | None
    notes: tuple[str, ...]
    environ: Mapping[str, str]
    has_token: bool = True
    """Whether $GATEWAY_API_TOKEN is the operators'."""


def prepare(path: Path, environ: Mapping[str, str]) -> Prepared:
    """Read the configuration, written first where there is none; make up what secrets are not set, and keep them.

    A variable of the environment goes before a kept one; where a port is taken, others are. Raises ConfigError where
    the configuration does not do, orders would leave for another intake, or a file cannot be written or read.
    """
    try:
        return _prepared(path, environ)
    except OSError as error:
        # A write that fails names no file.
        words = f"cannot be used: {error.strerror}" if error.filename else f"cannot write: {error.strerror}"
        raise ConfigError([Fault(str(error.filename or ""), "", words)]) from error


def _prepared(path: Path, environ: Mapping[str, str]) -> Prepared:
    notes = []
    if not path.exists():
        path.write_text(shipped_config(), encoding="utf-8")
        notes.append(f"There was no {path}: the shipped one was written there.")
    # What is wrong with the file's text is for `load` to say.
    text = path.read_text(encoding="utf-8", errors="replace")
    unset = [name for name in _names(text) if not environ.get(name)]
    made_up = {name: secrets.token_urlsafe(24) for name in unset}
    # Read twice: the first time only to learn where the data is.
    config = load(path, {**environ, **made_up}, find_adapter)
    if config.database is not None:
        raise ConfigError([Fault(str(path), "store", "is a database: the demo's store is a file")])
    refuse_others(path, config)
    folder = Path(config.store_path).parent
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    secrets_file = folder / SECRETS_FILE if unset else None
    wanted = {**environ}
    if secrets_file is not None:
        kept = _kept(secrets_file)
        wanted |= {name: kept.get(name, made_up[name]) for name in unset}
        if any(name not in kept for name in unset):
            _keep(secrets_file, {**kept, **{name: wanted[name] for name in unset}})
            notes.append(f"Secrets that were not set were made up; they are kept in {shown(secrets_file)}.")
    file = on_free_ports(path, config)
    if file is not None:
        notes.append(f"A port of {path} is taken: free ones are used, as {shown(file)} says.")
    has_token = "GATEWAY_API_TOKEN" in _names(text)
    loaded = load(file or path, wanted, find_adapter)
    return Prepared(loaded, file or path, secrets_file, tuple(notes), wanted, has_token)


def shown(path: Path) -> str:
    """A path as a person in this folder would write it."""
    with contextlib.suppress(ValueError):
        return str(path.resolve().relative_to(Path.cwd()))
    return str(path)


def _names(text: str) -> list[str]:
    """The variables that the file cannot do without, in its order."""
    lines = (line for line in text.splitlines() if not line.lstrip().startswith("#"))
    return list(dict.fromkeys(name for line in lines for name in _NAME.findall(line)))


def _kept(file: Path) -> dict[str, str]:
    if not file.exists():
        return {}
    lines = file.read_text(encoding="utf-8").splitlines()
    return {found[1]: found[2] for line in lines if (found := _LINE.fullmatch(line))}


def _keep(file: Path, values: Mapping[str, str]) -> None:
    draft = file.with_suffix(".new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as writing:
        writing.write("".join(f"{name}={value}\n" for name, value in values.items()))
    draft.replace(file)
