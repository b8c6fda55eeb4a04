"""Whether a store's database would do, looked at without touching it: for whoever checks before a start."""

import psycopg

from gateway.store.postgresql.connection import CONNECT_SECONDS


def fault_of_store(address: str) -> str | None:
    """Why a gateway could not write to the database, in words without its password; None: it could."""
    try:
        with psycopg.connect(
            address, connect_timeout=CONNECT_SECONDS, target_session_attrs="read-write", autocommit=True
        ) as opened:
            opened.execute("SELECT 1")
    except psycopg.OperationalError as error:
        # libpq's own words, a line a host; they name hosts and users, never a password.
        return f"no connection: {str(error).splitlines()[0]}"
    except psycopg.Error as error:
        return f"it does not answer: {type(error).__name__}"
    return None
