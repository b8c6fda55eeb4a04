"""What a start begins with: the other processes, which get ready while this one loads its rooms."""

from gateway.config.model import Config
from gateway.ground.child import start_early
from gateway.store.process.client import ENDS
from gateway.store.process.client import HOST as STORE
from gateway.translation.process import HOST as TRANSLATION


def start_processes(config: Config) -> None:
    """Start what `open_house` will want of the configuration."""
    # An address may hold a password: it is no argument, which all of the machine's users see.
    start_early(STORE, *([config.store_path] if config.database is None else []), ends=ENDS)
    start_early(TRANSLATION)
