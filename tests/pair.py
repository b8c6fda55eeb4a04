"""A primary and the standby whose copy each commit waits for, behind proxies of their own for each client."""

import signal
import time
from contextlib import ExitStack
from typing import Any, Final, Self

from tests.postgres import OWNER, Server
from tests.proxying import Proxy

CANCELLING_SECONDS: Final = 1.0


class Pair:
    """Each client has an address of its own: of both servers, through proxies that are this client's alone."""

    def __init__(self, clients: int = 1, **settings: str) -> None:
        self.promotions = 0
        self._settings = settings
        self._opened = ExitStack()
        self.primary = _started(Server(**settings))
        self.name = self.primary.database().partition("@/")[2].partition("?")[0]
        self.standby = self._follow()
        servers = self.primary, self.standby
        self.ways = [[self._opened.enter_context(Proxy(each.socket)) for each in servers] for _ in range(clients)]
        self.primary.wait_for_standby()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._opened.close()
        self._link.__exit__()
        for server in (self.primary, self.standby):
            server.close()

    def address(self, client: int) -> str:
        """Of both: the one that can write is found."""
        hosts = ",".join(f"127.0.0.1:{proxy.port}" for proxy in self.ways[client])
        return f"postgresql://{OWNER}@{hosts}/{self.name}"

    def ask(self, statement: str) -> list[tuple[Any, ...]]:
        """What the primary finds in the database."""
        return self.primary.rows(statement, self.name)

    def promote(self) -> None:
        """Kill the primary, let the standby take its place, and give it a new one."""
        self.primary.stop(signal.SIGQUIT)
        self._link.cut()
        gone, self.primary = self.primary, self.standby
        self.primary.promote()
        # Nobody waits for a standby that is not there yet; what is written meanwhile is in what it begins with.
        self.primary.run("ALTER SYSTEM RESET synchronous_standby_names", "SELECT pg_reload_conf()")
        self._link.__exit__()
        self.standby = self._follow()
        for proxy in (proxy for way in self.ways for proxy in way if proxy.to == gone.socket):
            proxy.to = self.standby.socket
        self.primary.wait_for_standby()
        gone.close()
        self.promotions += 1

    def cancel_waits(self) -> int:
        """Let nothing come to the standby, cancel what waits for it, and lose the primary; how many waits that were."""
        self._link.swallow()
        cancelled, end = 0, time.monotonic() + CANCELLING_SECONDS
        while time.monotonic() < end:
            asked = "SELECT count(pg_cancel_backend(pid)) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
            cancelled += self.primary.ask(asked)
            time.sleep(0.05)
        self.promote()
        return cancelled

    def _follow(self) -> Server:
        self._link = Proxy(self.primary.socket).__enter__()
        return _started(Server(self.primary, self._link.port, **self._settings))


def _started(server: Server) -> Server:
    server.start()
    return server
