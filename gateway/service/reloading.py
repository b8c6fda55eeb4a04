"""The configuration read again while the gateway runs: all or nothing."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final

import structlog

from gateway.api.doors import Reloaded
from gateway.config import Change, Config, secrets_of
from gateway.errors import ConfigError, ConflictingRequest, GatewayError, StoreUnavailable
from gateway.ground.logs import Log
from gateway.records import Act
from gateway.service.house import House
from gateway.service.systemd import Notifier

BY_SIGNAL: Final = "SIGHUP"

_log: Final = structlog.get_logger("gateway.reloading")

Read = Callable[[], Config]
"""Reads the configuration anew. Raises ConfigError."""


class Reloading:
    """Takes over what became of the configuration, each time that it is asked to.

    Args:
        house: goes on with it.
        read: reads it anew, in a thread; None: there is nothing to read.
        log: blots out the old secrets and the new ones.
        notifier: is told when a reload begins and when it has ended.
        told: those who must know of another configuration beside the rooms.
    """

    def __init__(
        self, house: House, read: Read | None, log: Log, notifier: Notifier, told: Sequence[Callable[[Config], None]]
    ) -> None:
        self._house = house
        self._read = read
        self._log = log
        self._notifier = notifier
        self._told = told
        self._known = set(secrets_of(house.rooms.live.config))
        self._one_at_a_time = asyncio.Lock()

    async def run(self, asked: asyncio.Event) -> None:
        """Reload for ever, whenever it is asked for."""
        while True:
            await asked.wait()
            asked.clear()
            # Why it was refused is logged.
            with suppress(ConflictingRequest):
                await self.reload(BY_SIGNAL)

    async def end(self, running: "asyncio.Task[None]") -> None:
        """Reload no more; one that has begun comes to its end, since half of it would leave no rooms."""
        async with self._one_at_a_time:
            running.cancel()

    async def reload(self, by: str) -> Reloaded:
        """Read, compare, take over; what became of it.

        Raises:
            ConflictingRequest: the configuration does not do; nothing has changed.
        """
        async with self._one_at_a_time:
            self._notifier.reloading()
            try:
                return await self._reload(by)
            except ConfigError as error:
                raise self._refused([str(fault) for fault in error.faults]) from error
            except ValueError as error:
                raise self._refused(["a source's credentials are none of their kind"]) from error
            except GatewayError as error:
                raise self._refused([str(error)]) from error
            except Exception as error:
                _log.exception("reload_failed")
                raise ConflictingRequest(f"the reload failed: {type(error).__name__}") from error
            finally:
                self._notifier.ready()

    async def _reload(self, by: str) -> Reloaded:
        if self._read is None:
            raise ConflictingRequest("this gateway runs with a configuration that it cannot read again")
        read, base = await asyncio.to_thread(self._read), self._house.rooms.base
        # An old secret may still come along in a late request.
        self._known |= set(secrets_of(read))
        self._log.redact(self._known)
        change = Change.between(base.live.config, read)
        try:
            if change.is_of_secrets_alone:
                await self._house.take_secrets(change.config)
            else:
                await self._house.exchange(change.config)
        except StoreUnavailable:
            if base.live.config is not change.config:
                raise
            # The rooms have theirs by now.
            _log.error("reload_incomplete", missing="the embedded intake's connections")
        for tell in self._told:
            tell(change.config)
        _log.info(
            "reloaded", by=by, changed=change.changed, unchanged=change.unchanged, needs_a_restart=change.needs_restart
        )
        what = ", ".join(change.changed) or "nothing new"
        with suppress(StoreUnavailable):
            await base.store.trail.note(Act(at=base.clock(), by=by, act="reload", what=what))
        return Reloaded(tuple(change.changed), change.unchanged, tuple(change.needs_restart))

    @staticmethod
    def _refused(faults: list[str]) -> ConflictingRequest:
        _log.error("reload_refused", faults=faults)
        return ConflictingRequest(f"nothing has changed: {'; '.join(faults)}")
