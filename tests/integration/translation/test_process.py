"""Adapters in a process of their own: what it says is what they say, and what ends it harms one event at most."""

import asyncio
import os
import signal
from contextlib import aclosing
from pathlib import Path

import pytest

from gateway.config.model import ConfiguredSource, Source, Tenant
from gateway.config.nodes import Table, Text
from gateway.events import EventStatus, UntranslatedEvent
from gateway.registry import find_adapter
from gateway.translation.process import AdaptersUnusable, TranslationProcess

# What the body says is done: it is an adapter's code that does it.
ADAPTER = '''
import os
import re
from datetime import UTC, datetime
from pathlib import Path

from adapters import Adapter, Identity, Ignored, IncompletePayload, OptionsModel, State, Order


class Own(str):
    """A text, whatever its class."""

    def __new__(cls, *texts):
        return super().__new__(cls, "".join(texts))

    def __reduce__(self):
        raise ValueError("nobody can pickle this")


def translate(hook, options, answers):
    does = hook.body.decode()
    if does == "ends":
        os._exit(7)
    if does == "ends twice":
        with Path(__file__).with_suffix(".log").open("a+b") as log:
            if log.tell() < 2:
                log.write(b".")
                log.flush()
                os._exit(7)
    if does == "hangs":
        re.match(r"(a+)+$", "a" * 64 + "b")
    if does == "wrong type":
        return Ignored("it is so", references=(hook.body,)) if False else [
            State(external_order_id=17, clock=datetime(2026, 1, 1, tzinfo=UTC), order=Order(external_order_id="A"))
        ]
    if does == "surrogate":
        return Ignored("\\ud800")
    if does == "reference of half a pair":
        return Ignored("it is so", references=("\\ud800",))
    if does == "exits":
        raise SystemExit(3)
    if does == "its own text":
        return Ignored(Own("it is", " so"), references=(Own("R", "1"),))
    if does == "its own text raised":
        raise IncompletePayload(Own("so"), path=Own("$"))
    if does == "a number raised":
        raise IncompletePayload(17, path=[1])
    return Ignored(f"{options.prefix} {does}, {os.getpid()}")


def options_model():
    class Options(OptionsModel):
        prefix: str = "it says"

    return Options


ADAPTER = Adapter(
    name="doing", version="1", options=options_model(), identify=lambda hook: Identity("e"), translate=translate
)
'''


def events(*bodies):
    return [
        UntranslatedEvent(number, "doing", f"e{number}", None, 1, body.encode(), b"")
        for number, body in enumerate(bodies, 1)
    ]


def source(folder, name="doing", **options):
    """A source as the configuration makes it: each loads its adapter for itself."""
    adapter = find_adapter("./doing.py", folder)
    settings = Source(adapter="./doing.py", tenant="demo", auth="none")
    given = Table({key: Text(value, "config.yaml") for key, value in options.items()}, "config.yaml")
    return ConfiguredSource(name, settings, adapter, adapter.options(**options), str(folder), given)


@pytest.fixture
async def process(tmp_path):
    (tmp_path / "doing.py").write_text(ADAPTER)
    process = TranslationProcess({"doing": source(tmp_path)}, {"demo": Tenant()}, answer_seconds=2.0)
    yield process
    await process.close()


async def outcomes(process, *bodies):
    found = [each async for part in process.translate(events(*bodies)) for each in part]
    assert [each.id for each in found] == [*range(1, len(bodies) + 1)]
    return [f"{each.status}: {each.reason.detail}" for each in found]


async def test_it_is_another_process(process):
    (told,) = await outcomes(process, "so")

    assert told == f"ignored: it says so, {process.pid}"
    assert process.pid != os.getpid()


async def test_parts_come_as_they_are_done(process):
    """Many events come back in several parts, in their order."""
    parts = [[each.id for each in part] async for part in process.translate(events(*["so"] * 200))]

    assert len(parts) > 1
    assert [each for part in parts for each in part] == [*range(1, 201)]


async def test_who_does_not_wait_for_all_parts_leaves_none_behind(process):
    """The answers to a question that was given up are not taken for those to the next."""
    async with aclosing(process.translate(events(*["first"] * 500))) as parts:
        await anext(parts)

    told = await outcomes(process, *["second"] * 3)

    assert told == [f"ignored: it says second, {process.pid}"] * 3


async def test_one_that_ends_the_process_is_dead_alone(process):
    told = await outcomes(process, "a", "b", "ends", "c", "ends", "d")

    assert [each.split(",")[0] for each in told] == [
        "ignored: it says a",
        "ignored: it says b",
        "dead: adapter doing ended its process: exit code 7",
        "ignored: it says c",
        "dead: adapter doing ended its process: exit code 7",
        "ignored: it says d",
    ]


async def test_sources_with_one_adapter_have_options_of_their_own(tmp_path):
    """Two sources name the same file, whose options are of a class that no other process can find by its name."""
    (tmp_path / "doing.py").write_text(ADAPTER)
    sources = {
        "doing": source(tmp_path, prefix="here"),
        "other": source(tmp_path, name="other", prefix="there"),
    }
    process = TranslationProcess(sources, {"demo": Tenant()})
    asked = [*events("so"), UntranslatedEvent(2, "other", "e2", None, 1, b"so", b"")]
    told = [each async for part in process.translate(asked) for each in part]
    await process.close()

    assert [each.reason.detail.split(",")[0] for each in told] == ["here so", "there so"]


async def test_the_one_that_ends_it_is_found_by_two_more_processes(process):
    """However many are before it: they are not what it ends."""
    told = await outcomes(process, *["so"] * 20, "ends", *["so"] * 20)
    processes = {each.split(",")[1] for each in told if each.startswith("ignored")}

    assert told[20].startswith("dead: adapter doing ended its process")
    assert len(processes) <= 3


def is_there(pid):
    return Path(f"/proc/{pid}").exists()


async def test_an_idle_process_that_ends_leaves_nothing_behind(process):
    await outcomes(process, "so")
    pid = process.pid
    os.kill(pid, signal.SIGKILL)

    for _ in range(200):
        await asyncio.sleep(0.05)
        if not is_there(pid):
            break

    assert not is_there(pid)


@pytest.mark.parametrize(
    ("does", "becomes"),
    [
        ("its own text", "ignored: it is so"),
        ("its own text raised", "dead: so"),
        ("a number raised", "dead: (int, not a text)"),
        ("reference of half a pair", "ignored: it is so"),
        ("exits", "dead: adapter doing raised SystemExit"),
    ],
)
async def test_whatever_an_adapter_takes_for_a_text(process, does, becomes):
    """It is stored as a text, or is a dead letter; the process goes on."""
    told = await outcomes(process, "a", does, "b")

    assert told[1].startswith(becomes)
    assert told[0].split(",")[1] == told[2].split(",")[1]


async def test_one_that_ended_it_alone_has_another_try(process):
    """Whoever was short of memory may have ended it, once with others and once alone."""
    told = await outcomes(process, "a", "ends twice", "b")

    assert [each.split(",")[0] for each in told] == [
        "ignored: it says a",
        "ignored: it says ends twice",
        "ignored: it says b",
    ]


async def test_one_that_cannot_be_interrupted_is_dead_alone(process):
    """A loop inside C code hears no exception; its process is ended."""
    told = await outcomes(process, "a", "hangs", "b")

    assert [each.split(",")[0] for each in told] == [
        "ignored: it says a",
        "dead: adapter doing ended its process: no answer within 2 s",
        "ignored: it says b",
    ]


async def test_a_process_that_is_killed_harms_no_event(process):
    """Killed while it waits, and while it works: another takes its place, and nothing is judged by it."""
    await outcomes(process, "so")
    first = process.pid
    os.kill(first, signal.SIGKILL)
    await asyncio.sleep(0.1)
    told = await outcomes(process, *["so"] * 20)
    assert process.pid != first

    asking = asyncio.create_task(outcomes(process, *["so"] * 50_000))
    await asyncio.sleep(0.05)
    os.kill(process.pid, signal.SIGKILL)
    told += await asking

    assert {each.split(":")[0] for each in told} == {"ignored"}


@pytest.mark.parametrize("odd", ["surrogate", "wrong type"])
async def test_what_cannot_be_passed_on_harms_no_other(process, odd):
    """An odd value of one event is that event's; a text that no disk takes is left to the store."""
    told = await outcomes(process, "a", odd, "b")

    assert [told[0].split(",")[0], told[2].split(",")[0]] == ["ignored: it says a", "ignored: it says b"]
    assert told[1].startswith("ignored: ?" if odd == "surrogate" else "dead: adapter doing ")


async def test_a_file_that_is_gone_is_not_missed(process, tmp_path):
    """Its code was read once: a process that is started anew has the same."""
    await outcomes(process, "so")
    await process.close()
    (tmp_path / "doing.py").unlink()

    (told,) = await outcomes(process, "so")

    assert told.startswith(f"{EventStatus.IGNORED}: ")


async def test_an_adapter_that_no_longer_loads_judges_nothing(tmp_path):
    """A process that cannot be started anew says so; once it can, all goes on."""
    broken = tmp_path / "broken"
    (tmp_path / "doing.py").write_text(f"import os\nassert not os.path.exists({str(broken)!r})\n{ADAPTER}")
    process = TranslationProcess({"doing": source(tmp_path)}, {"demo": Tenant()})
    try:
        await outcomes(process, "so")
        await process.close()
        broken.touch()
        with pytest.raises(AdaptersUnusable, match=r"doing\.py"):
            await outcomes(process, "so")
        fault = process.fault
        broken.unlink()

        (told,) = await outcomes(process, "so")

        assert told.startswith(f"{EventStatus.IGNORED}: ")
        assert "doing.py" in fault
        assert process.fault is None
    finally:
        await process.close()


async def test_cancelled_and_asked_again(process):
    """A question that is cancelled ends the process; the next one has another."""
    asking = asyncio.create_task(outcomes(process, "hangs"))
    await asyncio.sleep(0.5)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking

    (told,) = await outcomes(process, "so")

    assert told == f"ignored: it says so, {process.pid}"
