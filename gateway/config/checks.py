"""What types alone cannot say: names, amounts, addresses, and whether the parts fit together.

A check looks only at what was read without a fault, so that a half-read file yields no follow-up faults.
"""

import re
from collections.abc import Callable, Iterable
from functools import partial
from importlib.util import find_spec
from ipaddress import ip_network
from typing import Any

from adapters import Adapter, Lookup, Reconciliation, Secret
from adapters.moments import fault_of_zone
from gateway.config.asked import fault_of_api, hold_to, texts
from gateway.config.kinds import suggestion
from gateway.config.model import Settings, Source, Tenant
from gateway.config.nodes import Faults, Node, nearest
from gateway.config.proofs import fault_of_carried, faults_of_proof, faults_of_secrets
from gateway.config.urls import fault_of_smtp, fault_of_url, normal_url
from gateway.ground.watchdog import FAILURES

_NAME = re.compile(r"[A-Za-z0-9._-]+")
_HEADER_TEXT = re.compile(r"[!-~]+(?: +[!-~]+)*")
_MAILBOX = re.compile(r"[^\s@<>()\[\],;:\\\"]+@[^\s@<>()\[\],;:\\\"]+")
_LAST_PORT = 65_535
_LONGEST_HEARTBEAT = 60.0
_AT_LEAST_ONE = "expected at least 1"
_ABOVE_ZERO = "expected more than 0"


class Checks:
    """Judges the settings of one tree; the faults go to `faults`."""

    def __init__(self, settings: Settings, tree: Node, faults: Faults) -> None:
        self._settings = settings
        # after a fault the mapping itself may be missing
        self._tenants: dict[str, Tenant] = settings.tenants or {}
        self._sources: dict[str, Source] = settings.sources or {}
        self._tree = tree
        self._faults = faults

    def run(self) -> None:
        """All checks but those that need an adapter."""
        self._server()
        self._replica()
        self._api()
        self._amounts()
        self._customers()
        self._notify()
        self._console()
        self._tracing()
        self._when(self._settings.log.lines_per_minute < 1, _AT_LEAST_ONE, "log", "lines_per_minute")
        for name, tenant in self._tenants.items():
            self._tenant(name, tenant)
        self._intake_urls()
        self._names()
        for name, source in self._sources.items():
            self._source(name, source)

    def _console(self) -> None:
        console = self._settings.console
        self._when(not console.title.strip(), "expected a title", "console", "title")
        self._zone(console.zone, "console", "zone")

    def _zone(self, name: str, *path: str) -> None:
        fault = fault_of_zone(name)
        self._when(fault is not None, str(fault), *path)

    def _tracing(self) -> None:
        tracing = self._settings.tracing
        if tracing is None or not self._faults.is_clear("tracing"):
            return
        fault = fault_of_url(tracing.endpoint, allow_http=True)
        self._when(fault is not None, str(fault), "tracing", "endpoint")
        self._when(not 0 <= tracing.sample <= 1, "expected a share from 0 to 1", "tracing", "sample")
        is_there = find_spec("opentelemetry") is not None and find_spec("opentelemetry.sdk") is not None
        self._when(not is_there, "its extra is not installed: pip install 'trackely-gateway[tracing]'", "tracing")

    def _notify(self) -> None:
        for place, each in enumerate(self._settings.notify or ()):
            given = (each.url is not None, each.email is not None, each.smtp is not None)
            known = given in ((True, False, False), (False, True, True))
            self._when(not known, "expected url, or email and smtp", "notify", place)
            fault = fault_of_smtp(each.smtp) if each.smtp else fault_of_url(each.url or "", allow_http=None)
            key = "smtp" if each.smtp else "url"
            self._when(known and fault is not None, str(fault), "notify", place, key)
            is_mailbox = each.email is None or _MAILBOX.fullmatch(each.email) is not None
            self._when(known and not is_mailbox, "expected a mailbox", "notify", place, "email")
            self._when(not each.events, _AT_LEAST_ONE, "notify", place, "events")

    def options(self, name: str, adapter: Adapter, options: Any) -> None:
        """That the tenants and the API which a source's options name exist and are fit."""
        path = ("sources", name, "options")
        tenants = self._asked(path, lambda: texts(adapter.tenants(options)) if adapter.tenants else [])
        unknown = [self._fault_of_tenant(tenant) for tenant in dict.fromkeys(tenants or ())]
        for member, kind in (("reconciliation", Reconciliation), ("reach", Lookup)):
            self._asked(path, partial(hold_to, kind, member, getattr(adapter, member), options))
        of_api = self._asked(path, lambda: fault_of_api(adapter.api(options)) if adapter.api else None)
        details = [detail for detail in (*unknown, of_api) if detail is not None]
        self._when(bool(details), "; ".join(details), *path)

    def _asked(self, path: tuple[str, ...], ask: Callable[[], Any]) -> Any:
        try:
            return ask()
        except FAILURES as error:  # an integrator's function may fail in any way
            self._say(f"the adapter cannot read its options: {type(error).__name__}: {error}", *path)
            return None

    def _when(self, is_wrong: bool, detail: str, *path: str | int) -> None:  # noqa: FBT001 - reads as "when …, say …"
        if is_wrong:
            self._say(detail, *path)

    def _say(self, detail: str, *path: str | int) -> None:
        if self._faults.is_clear(*path):
            self._faults.add_of(nearest(self._tree, path), path, detail)

    def _whole_list(self, texts: list[str], *path: str) -> Iterable[tuple[int, str]]:
        """A list's members with their places; none if a member could not be read, since the places would be wrong."""
        return enumerate(texts) if self._faults.is_clear(*path) else ()

    def _fault_of_tenant(self, tenant: str) -> str | None:
        """None for one that the file names, be it well or badly."""
        if nearest(self._tree, ("tenants", tenant)) is not nearest(self._tree, ("tenants",)):
            return None
        return f"unknown tenant {tenant}: {suggestion(tenant, self._tenants)}"

    def _server(self) -> None:
        server = self._settings.server
        listeners: list[tuple[str, str, int]] = [("server", server.host, server.port)]
        if server.admin is not None:
            listeners.append(("server.admin", server.admin.host, server.admin.port))
            is_same = server.port != 0 and (server.host, server.port) == (server.admin.host, server.admin.port)
            self._when(is_same, "the same address as the server's own", "server", "admin")
        for place, host, port in listeners:
            path = place.split(".")
            self._when(not 0 <= port <= _LAST_PORT, "expected a port: 0 to 65535 (0 takes any free one)", *path, "port")
            self._when(not host.strip(), "expected a host name or an address", *path, "host")
        self._when(server.trusted_proxies < 0, "expected 0 or more", "server", "trusted_proxies")

    def _replica(self) -> None:
        replica = self._settings.replica
        self._when(replica.name is not None and not replica.name.strip(), "expected a name", "replica", "name")
        is_odd = not 1 <= replica.heartbeat <= _LONGEST_HEARTBEAT
        self._when(is_odd, "expected a span from 1s to 1m", "replica", "heartbeat")

    def _api(self) -> None:
        api = self._settings.api
        if not self._faults.is_clear("api"):
            return
        self._when(
            (api.token is None) is (not api.tokens),
            "the operators' API needs either one token or a list of tokens: set api.token or api.tokens",
            "api",
        )
        self._carried(api.token, "api", "token")
        names: set[str] = set()
        tokens: set[str] = set()
        for place, entry in enumerate(api.tokens):
            path = ("api", "tokens", place)
            self._when(not entry.name.strip(), "expected a name", *path, "name")
            self._when(entry.name in names, f"a second token named {entry.name}", *path, "name")
            self._when(entry.token in tokens, "the same token as another operator's", *path, "token")
            self._carried(entry.token, *path, "token")
            names.add(entry.name)
            tokens.add(entry.token)

    def _carried(self, secrets: Secret | list[Secret] | None, *path: str | int) -> None:
        """That what is to come in a header can."""
        for key, fault in () if secrets is None else faults_of_secrets(path, secrets, fault_of_carried):
            self._say(fault, *key)

    def _amounts(self) -> None:
        limits = self._settings.limits
        for key in ("max_body", "max_connections"):
            self._when(getattr(limits, key) < 1, _AT_LEAST_ONE, "limits", key)
        for key in ("header_timeout", "body_timeout"):
            self._when(getattr(limits, key) <= 0, _ABOVE_ZERO, "limits", key)

    def _customers(self) -> None:
        if not self._faults.is_clear("intake", "customers"):
            return
        seen: set[str] = set()
        for place, customer in enumerate(self._settings.intake.customers):
            path = ("intake", "customers", place, "id")
            self._when(not customer.id, "expected an id", *path)
            self._when(customer.id in seen, f"a second customer {customer.id}", *path)
            seen.add(customer.id)

    def _tenant(self, name: str, tenant: Tenant) -> None:
        path = ("tenants", name)
        self._when(not _is_name(name), "expected a name of letters, digits, dots, dashes and underscores", *path)
        if tenant.delivery == "push":
            self._when(tenant.intake_url is None, "missing: a tenant that is pushed needs it", *path, "intake_url")
            self._when(tenant.secret is None, "missing secret: a tenant that is pushed needs it", *path, "secret")
        else:
            detail = "missing secret: a tenant that is pulled from needs it"
            self._when(tenant.pull_secret is None, detail, *path, "pull_secret")
            self._carried(tenant.pull_secret, *path, "pull_secret")
        if tenant.secret is not None:
            is_sendable = _HEADER_TEXT.fullmatch(tenant.secret) is not None
            self._when(not is_sendable, "a secret that is sent in a header is printable ASCII", *path, "secret")
        if tenant.intake_url is not None:
            fault = fault_of_url(tenant.intake_url, allow_http=tenant.allow_http)
            self._when(fault is not None, str(fault), *path, "intake_url")
        self._when(tenant.concurrency < 1, _AT_LEAST_ONE, *path, "concurrency")
        self._when(tenant.max_backlog is not None and tenant.max_backlog < 1, _AT_LEAST_ONE, *path, "max_backlog")
        self._when(tenant.timeout <= 0, _ABOVE_ZERO, *path, "timeout")
        self._when(tenant.probe <= 0, _ABOVE_ZERO, *path, "probe")
        self._when(tenant.backoff.base <= 0, _ABOVE_ZERO, *path, "backoff", "base")
        self._when(tenant.backoff.max < tenant.backoff.base, "expected at least base", *path, "backoff", "max")
        self._when(tenant.batch.max_orders < 1, _AT_LEAST_ONE, *path, "batch", "max_orders")
        self._when(tenant.batch.max_bytes < 1, _AT_LEAST_ONE, *path, "batch", "max_bytes")
        self._when(tenant.pull.max_orders < 1, _AT_LEAST_ONE, *path, "pull", "max_orders")

    def _intake_urls(self) -> None:
        owners: dict[str, str] = {}
        for name, tenant in self._tenants.items():
            path = ("tenants", name, "intake_url")
            if tenant.intake_url is None or fault_of_url(tenant.intake_url, allow_http=True) is not None:
                continue
            first = owners.setdefault(normal_url(tenant.intake_url), name)
            detail = f"the same as tenants.{first}.intake_url: two tenants may not share an intake"
            self._when(first != name, detail, *path)

    def _names(self) -> None:
        """Sources and their former names share one space of URLs."""
        taken = dict.fromkeys(self._sources, "a source")
        for name, source in self._sources.items():
            detail = "expected a name of letters, digits, dots, dashes and underscores"
            self._when(not _is_name(name), detail, "sources", name)
            for place, alias in self._whole_list(source.aliases, "sources", name, "aliases"):
                path = ("sources", name, "aliases", place)
                self._when(not _is_name(alias), detail, *path)
                self._when(alias in taken, f"{alias} is already the name of {taken.get(alias)}", *path)
                taken.setdefault(alias, f"an alias of sources.{name}")

    def _source(self, name: str, source: Source) -> None:
        path = ("sources", name)
        if self._faults.is_clear(*path, "tenant"):
            fault = self._fault_of_tenant(source.tenant)
            self._when(fault is not None, str(fault), *path, "tenant")
        for place, network in self._whole_list(source.allow_ips, *path, "allow_ips"):
            self._when(not _is_network(network), _network_words(network), *path, "allow_ips", place)
        if source.expect_every is not None and source.expect_every != "auto":
            self._when(source.expect_every <= 0, _ABOVE_ZERO, *path, "expect_every")
        self._zone(source.zone, *path, "zone")
        self._shadow(name, source)
        if self._faults.is_clear(*path, "auth") and source.auth != "none":
            for place, proof in enumerate(source.auth):
                for key, fault in faults_of_proof(proof):
                    self._say(fault, *path, "auth", place, *key)

    def _shadow(self, name: str, source: Source) -> None:
        path = ("sources", name)
        is_shadow, replaces = source.mode == "shadow", source.replaces
        self._when(replaces is not None and not is_shadow, "expected `mode: shadow` beside it", *path, "replaces")
        if replaces is not None and is_shadow:
            others = {other: each for other, each in self._sources.items() if other != name}
            replaced = others.get(replaces)
            detail = f"unknown source {replaces}: {suggestion(replaces, others)}"
            self._when(replaced is None, detail, *path, "replaces")
            is_watched = replaced is not None and replaced.shadow_adapter is not None
            self._when(is_watched, f"sources.{replaces} has a shadow_adapter: one shadow at a time", *path, "replaces")
            is_chain = replaced is not None and replaced.mode == "shadow"
            self._when(is_chain, f"sources.{replaces} is in shadow itself", *path, "replaces")
        has_second = source.shadow_adapter is not None
        self._when(is_shadow and has_second, "a source in shadow has no second one", *path, "shadow_adapter")
        detail = "expected `shadow_adapter` beside it"
        self._when(bool(source.shadow_options) and not has_second, detail, *path, "shadow_options")


def _is_name(name: str) -> bool:
    return _NAME.fullmatch(name) is not None and name.strip(".") != ""


def _is_network(text: str) -> bool:
    try:
        ip_network(text)
    except ValueError:
        return False
    return True


def _network_words(text: str) -> str:
    try:
        return f"host bits are set: did you mean {ip_network(text, strict=False)}?"
    except ValueError:
        return "expected an address or a network, such as 192.0.2.7 or 192.0.2.0/24"
