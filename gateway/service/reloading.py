"""The configuration read again while the gateway runs: all or nothing."""

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final

import msgspec
import structlog

from gateway.api.doors import Reloaded
from gateway.config.differences import Change
from gateway.config.file import ConfigurationFile
from gateway.config.load import secrets_of
from gateway.config.model import ApiAccess, Config
from gateway.errors import ConfigError, ConflictingRequest, GatewayError, StoreUnavailable
from gateway.ground.logs import Log
from gateway.records import Act
from gateway.service.house import House
from gateway.service.systemd import Notifier
from gateway.service.tryouts import Tryouts

BY_SIGNAL: Final = "SIGHUP"

_log: Final = structlog.get_logger("gateway.reloading")

AGAIN_SECONDS: Final = 1.0
"""Between two looks into the file for somebody whose token is not in force."""


class Reloading:
    """Takes over what became of the configuration, each time that it is asked to.

    Args:
        house: goes on with it.
        file: is read anew, in a thread; None: there is none.
        log: blots out the old secrets and the new ones.
        notifier: is told when a reload begins and when it has ended.
        told: those who must know of another configuration beside the rooms.
    """

    def __init__(
        self,
        house: House,
        file: ConfigurationFile | None,
        log: Log,
        notifier: Notifier,
        told: Sequence[Callable[[Config], None]],
    ) -> None:
        self._house = house
        self._file = file
        self._log = log
        self._notifier = notifier
        self._told = told
        self._known = set(secrets_of(house.rooms.live.config))
        self._one_at_a_time = asyncio.Lock()
        self._looks_again_at = 0.0

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
        if self._file is None:
            raise ConflictingRequest("this gateway runs with a configuration that it cannot read again")
        base = self._house.rooms.base
        tryouts = Tryouts(base.live.config)
        read = await asyncio.to_thread(self._file.load, tryouts.find)
        # An old secret may still come along in a late request.
        self._known |= set(secrets_of(read))
        self._log.redact(self._known)
        change = Change.between(base.live.config, read)
        # First: without its row it does not take place.
        act = Act(at=base.clock(), by=by, act="reload", what=", ".join(change.changed) or "nothing new")
        await base.store.trail.note(act)
        try:
            if change.is_of_secrets_alone:
                await self._house.take_secrets(change.config)
            else:
                await self._house.exchange(change.config, tryouts)
        except StoreUnavailable:
            if base.live.config is not change.config:
                raise
            # The rooms have theirs by now.
            _log.error("reload_incomplete", missing="the embedded intake's connections")
        except Exception:
            with suppress(StoreUnavailable):
                await base.store.trail.note(msgspec.structs.replace(act, what=f"taken back: {act.what}"))
            raise
        for tell in self._told:
            tell(change.config)
        _log.info(
            "reloaded",
            by=by,
            changed=change.changed,
            unchanged=change.unchanged,
            needs_a_restart=change.needs_restart,
            code=tryouts.digests(change.config),
        )
        return Reloaded(tuple(change.changed), change.unchanged, tuple(change.needs_restart))

    async def announced(self) -> ApiAccess | None:
        """Whom the file lets in from the next reload on; None: it cannot be read, or was looked into a moment ago."""
        if self._file is None or time.monotonic() < self._looks_again_at:
            return None
        self._looks_again_at = time.monotonic() + AGAIN_SECONDS
        with suppress(ConfigError):
            return await asyncio.to_thread(self._file.access)
        return None

    @staticmethod
    def _refused(faults: list[str]) -> ConflictingRequest:
        _log.error("reload_refused", faults=faults)
        return ConflictingRequest(f"nothing has changed: {'; '.join(faults)}")
