"""`gateway check --reach`: whether what a gateway needs can be reached, before it is started."""

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from adapters import Api
from gateway.config.model import Config, ConfiguredSource
from gateway.config.modes import decided_otherwise, modes_of
from gateway.config.store_url import DRIVER_MISSING
from gateway.events import stored_lookup
from gateway.ground.questions import fault_of_question
from gateway.ground.reaching import fault_of_reaching
from gateway.lookups.vendor_api import VendorApi

GOOD = range(200, 300)


def findings_of_reaching(config: Config) -> tuple[dict[str, str | None], list[str]]:
    """Why each intake, each vendor's API and the store cannot be reached, None: it can; and doubts about the store.

    Intakes, and APIs whose adapter declares no safe question, are connected to and sent nothing; no intake is shown
    its secret.
    """
    return asyncio.run(_findings(config))


async def _findings(config: Config) -> tuple[dict[str, str | None], list[str]]:
    asked: dict[str, Coroutine[Any, Any, str | None]] = {
        f"tenants.{name}.intake_url": fault_of_reaching(tenant.intake_url)
        for name, tenant in config.settings.tenants.items()
        if tenant.intake_url is not None and tenant.delivery == "push"
    }
    for name, source in config.sources.items():
        api = source.adapter.api(source.options) if source.adapter.api is not None else None
        if api is not None:
            asked[f"the vendor's API of sources.{name}"] = _fault_of_api(source, api)
    (fault, doubts), *answers = await asyncio.gather(asyncio.to_thread(_findings_of_store, config), *asked.values())
    return {**dict(zip(asked, answers, strict=True)), "store": fault}, doubts


def _findings_of_store(config: Config) -> tuple[str | None, list[str]]:
    if config.database is None:
        from gateway.store.sqlite.looking import fault_of_store  # noqa: PLC0415 - one engine or the other

        return fault_of_store(Path(config.store_path)), []
    try:
        from gateway.store.postgresql.looking import findings_of_store, modes_in  # noqa: PLC0415 - an extra
    except ImportError:
        return DRIVER_MISSING, []
    fault, doubts = findings_of_store(config.database, is_unsafe=config.settings.allow_unsafe)
    return fault, [*doubts, *decided_otherwise(modes_of(config), modes_in(config.database))]


async def _fault_of_api(source: ConfiguredSource, api: Api) -> str | None:
    """Connect; then, where the adapter declares a question that is safe at any time, ask it by the source's proof."""
    adapter = source.adapter
    fault = await fault_of_reaching(api.base_url)
    lookup = None if adapter.reach is None else adapter.reach(source.options)
    if fault is not None or lookup is None:
        return fault
    if (fault := fault_of_question(adapter, lookup)) is not None:
        return f"adapter {adapter.name}: {fault}"
    vendor = VendorApi({source.name: api})
    try:
        answer = await vendor(source.name, stored_lookup(adapter, lookup))
    finally:
        await vendor.close()
    if answer.status in GOOD:
        return None
    return f"it answered {answer.status} to {lookup.path}" if answer.status else answer.detail
