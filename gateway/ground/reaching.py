"""Whether a URL's server can be reached: its name, its port, its certificate. Nothing is asked of it, nothing sent."""

import asyncio
import socket
import ssl
from contextlib import suppress
from typing import Final
from urllib.parse import urlsplit

from gateway.ground.connecting import PORTS, tls_context

SECONDS: Final = 5.0


async def fault_of_reaching(url: str) -> str | None:
    """Why the server of a URL cannot be reached, in words that do not repeat the URL; None: it can."""
    parts = urlsplit(url)
    context = tls_context() if parts.scheme == "https" else None
    try:
        async with asyncio.timeout(SECONDS):
            _, writer = await asyncio.open_connection(parts.hostname, parts.port or PORTS[parts.scheme], ssl=context)
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()
    except TimeoutError:
        return f"no connection within {SECONDS:g} s"
    except socket.gaierror as error:
        return f"its name is not found: {error.strerror}"
    except ssl.SSLCertVerificationError as error:
        return f"its certificate is not trusted: {error.verify_message}"
    except ssl.SSLError as error:
        return f"no TLS: {error.reason}"
    except OSError as error:
        return f"no connection: {error.strerror or error}"
    return None
