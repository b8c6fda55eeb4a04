"""Secrets read again while the gateway runs: all or nothing, and never more than secrets."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import structlog

from gateway.config import Config, restart_needed, secrets_changed, secrets_of
from gateway.config.live import Live
from gateway.errors import ConfigError, StoreUnavailable
from gateway.ground.logs import Log
from gateway.service.systemd import Notifier

_log: Final = structlog.get_logger("gateway.reloading")

Read = Callable[[], Config]
"""Reads the configuration anew. Raises ConfigError."""


class Reloading:
    """Takes over what became of the configuration's secrets, each time that it is asked to.

    Args:
        live: the configuration in force.
        read: reads it anew, in a thread.
        take: hands the rooms another configuration, of which only the secrets differ. Raises ValueError for
            credentials that are none, before anything has changed.
        log: blots out the old secrets and the new ones.
        notifier: is told when a reload begins and when it has ended.
    """

    def __init__(
        self, live: Live, read: Read, take: Callable[[Config], Awaitable[None]], log: Log, notifier: Notifier
    ) -> None:
        self._live = live
        self._read = read
        self._take = take
        self._log = log
        self._notifier = notifier
        self._known = set(secrets_of(live.config))

    async def run(self, asked: asyncio.Event) -> None:
        """Reload for ever, whenever it is asked for."""
        while True:
            await asked.wait()
            asked.clear()
            self._notifier.reloading()
            try:
                await self.reload()
            except Exception:  # noqa: BLE001 - whatever it was, the next time is another
                _log.exception("reload_failed")
            self._notifier.ready()

    async def reload(self) -> None:
        """Read, compare, take over. A faulty configuration, or one that is another in more, changes nothing."""
        try:
            read = await asyncio.to_thread(self._read)
        except ConfigError as error:
            _log.error("reload_refused", faults=[str(fault) for fault in error.faults])
            return
        keys = restart_needed(self._live.config, read)
        changed = secrets_changed(self._live.config, read)
        if keys:
            _log.error("reload_refused", needs_a_restart=keys)
            return
        # An old secret may still come along in a late request.
        self._known |= set(secrets_of(read))
        self._log.redact(self._known)
        try:
            await self._take(read)
        except ValueError:
            _log.error("reload_refused", faults=["a source's credentials are none of their kind"])
            return
        except StoreUnavailable:
            # The rooms have theirs by now.
            _log.error("reload_incomplete", missing="the embedded intake's connections")
        _log.info("secrets_reloaded", changed=changed)
