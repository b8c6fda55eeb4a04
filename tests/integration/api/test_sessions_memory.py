"""What the console remembers of its sessions."""

import asyncio

from gateway.api.access import bearers_of
from gateway.console.sessions import Sessions
from gateway.store.process import stubs

TOKEN = b"administering-token"


async def test_a_session_that_ends_while_a_page_asks_for_it_is_not_remembered(doors, store, time):
    """The page that was asked for just before still comes; who need not be sure is told the truth from then on."""
    answered = asyncio.Event()

    async def call(name, *given, **named):
        outcome = await getattr(store.sessions, name.rpartition(".")[2])(*given, **named)
        if name == "sessions.session":
            await answered.wait()
        return outcome

    sessions, bearers = Sessions(stubs.SessionLedger(call), time), bearers_of(doors.config.settings.api)
    cookie = await sessions.begin(TOKEN)
    page = asyncio.ensure_future(sessions.bearer_of(cookie, bearers))
    await asyncio.sleep(0.05)
    await sessions.end(cookie)
    answered.set()

    assert await page is not None
    assert await sessions.is_over(cookie, bearers, is_sure=False)
