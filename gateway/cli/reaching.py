"""Finding the running gateway. What it takes to ask is loaded only then, so that the rest starts fast."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gateway.cli.client import Client


def operators_api(config: Path, url: str | None) -> "Client":
    """The operators' API of the running gateway."""
    from gateway.cli.client import Client  # noqa: PLC0415 - see above
    from gateway.cli.settings import access_to  # noqa: PLC0415 - see above

    access = access_to(config, url)
    return Client(access.api, access.token, "/api/v1")


def intake_settings(config: Path, url: str | None) -> "Client":
    """The embedded intake's Settings → Integrations in the running gateway."""
    from gateway.cli.client import Client  # noqa: PLC0415 - see above
    from gateway.cli.settings import access_to  # noqa: PLC0415 - see above

    access = access_to(config, url)
    return Client(access.hooks, access.token, "/api/settings/integrations", "embedded intake (intake.embedded)")
