"""gateway.ground.logs: what a line holds, what it never holds, and that nobody waits for it."""

import io
import json
import logging
import re
import threading
import unicodedata
from pathlib import Path

import pytest
import structlog

from gateway.ground import logs


class Terminal(io.StringIO):
    def isatty(self):
        return True


class Stuck(io.StringIO):
    """A stream whose reader does not read until told to."""

    def __init__(self):
        super().__init__()
        self.released = threading.Event()
        self.reached = threading.Event()

    def write(self, text):
        self.reached.set()
        self.released.wait(10)
        return super().write(text)


class Broken(io.StringIO):
    """A stream whose first write fails, as a full disk's does."""

    def __init__(self):
        super().__init__()
        self.failures = 1

    def write(self, text):
        if self.failures:
            self.failures -= 1
            raise OSError(28, "no space left on device")
        return super().write(text)


def wait_for(holds):
    for _ in range(500):
        if holds():
            return
        threading.Event().wait(0.01)


def fail(error):
    raise error


@pytest.fixture
def told():
    """Configure a log over a stream; `told(call)` runs the call, closes the log and gives back the stream's text."""
    opened = []

    def tell(call, stream=None, **settings):
        stream = stream or io.StringIO()
        log = logs.configure(stream, **settings)
        opened.append(log)
        call(structlog.get_logger("gateway.ingress"))
        log.close()
        return stream.getvalue()

    yield tell
    for log in opened:
        log.close()
    structlog.reset_defaults()


def test_a_line_is_one_json_object(told):
    """Off a terminal a line is one JSON object with the time, the level, the room, the message and what was named."""
    text = told(
        lambda log: log.info("stored", source="acme", event_id="e-1", outcome="new", group=3), clock=lambda: 1.5
    )

    assert [json.loads(line) for line in text.splitlines()] == [
        {
            "at": "1970-01-01T00:00:01.500Z",
            "level": "info",
            "room": "ingress",
            "message": "stored",
            "source": "acme",
            "event_id": "e-1",
            "outcome": "new",
            "group": 3,
        }
    ]


def test_a_group_becomes_a_line_a_row(told):
    """`rows` become one line each, with what the group shares on every line."""
    rows = [{"event_id": "e-1", "outcome": "stored"}, {"event_id": "e-2", "outcome": "duplicate"}]

    text = told(lambda log: log.info("accepted", source="acme", rows=rows))

    lines = [json.loads(line) for line in text.splitlines()]
    assert [(line["source"], line["event_id"], line["outcome"]) for line in lines] == [
        ("acme", "e-1", "stored"),
        ("acme", "e-2", "duplicate"),
    ]


def test_a_name_of_ours_is_not_overwritten(told):
    """A call that names `at` or `message` loses neither its own value nor the line's."""
    line = json.loads(told(lambda log: log.info("moved", at="noon", message="hello")))

    assert (line["message"], line["message_"], line["at_"]) == ("moved", "hello", "noon")


def test_below_the_level_nothing_is_written(told):
    """A line below the level costs nothing and shows nowhere."""
    text = told(lambda log: (log.info("quiet"), log.warning("loud")), level="warning")

    assert [json.loads(line)["message"] for line in text.splitlines()] == ["loud"]


@pytest.mark.parametrize("stream", [io.StringIO, Terminal])
@pytest.mark.parametrize(
    "spelt",
    ['pa"ss/wo rd+', "pa%22ss%2Fwo%20rd%2B", "pa%22ss%2Fwo+rd%2B", "pa%22ss/wo%20rd%2B"],
    ids=["as it is", "percent-encoded", "form-encoded", "path-encoded"],
)
def test_a_secret_never_shows(told, stream, spelt):
    """A configured secret is blotted out of messages, values, nested values and tracebacks, however it is spelt."""

    def call(log):
        log.info(spelt, url=f"https://intake.example/?token={spelt}", nested={"deep": [spelt]})
        try:
            fail(ValueError(spelt))
        except ValueError:
            log.exception("failed")

    text = told(call, stream(), secrets=['pa"ss/wo rd+'])

    assert text.count(logs.REDACTED) == 4
    assert re.search(r"wo( |\+|%20)rd", text) is None


def test_secrets_can_be_read_again(told):
    """`redact` replaces the secrets that are looked for, as after a rotation."""
    stream = io.StringIO()
    log = logs.configure(stream, secrets=["first-secret"])
    log.redact(["second-secret"])
    structlog.get_logger().info("second-secret")
    log.close()

    assert json.loads(stream.getvalue())["message"] == logs.REDACTED


def test_a_short_secret_is_left_alone(told):
    """A secret of three characters is not looked for: it would blot out half of every line."""
    assert json.loads(told(lambda log: log.info("info"), secrets=["inf"]))["message"] == "info"


@pytest.mark.parametrize("text", ["\x1b[31mred", "two\nlines", "bell\x07", "\u202eturned"])
def test_a_terminal_obeys_nothing_that_was_sent(told, text):
    """What a vendor sent cannot move the cursor, colour the screen or begin a line of its own."""
    shown = told(lambda log: log.info("stored", event_id=text), Terminal())

    assert text not in shown
    assert shown.count("\n") == 1


UNSEEN = "".join(each for each in map(chr, range(0x110000)) if unicodedata.category(each) in {"Cc", "Cf", "Zl", "Zp"})


@pytest.mark.parametrize("stream", [io.StringIO, Terminal])
def test_what_is_not_seen_is_escaped(told, stream):
    """Separators of lines, marks that turn the direction, blanks that hide: by Unicode's category."""
    shown = told(lambda log: log.info("stored", event_id=UNSEEN, source="\u2028\u202e\u2066\u200b\u00a0é"), stream())

    assert not set(UNSEEN) - set("\n\x1b") & set(shown)
    assert len(shown.splitlines()) == 1
    assert "\\u2028\\u202e\\u2066\\u200b\\u00a0é" in shown


def test_an_escaped_line_is_read_as_what_was_sent(told):
    """Off a terminal the escapes are JSON's own."""
    line = told(lambda log: log.info("stored", event_id=UNSEEN))

    assert json.loads(line)["event_id"] == UNSEEN


def test_a_secret_with_what_is_not_seen_is_blotted_out(told):
    """However it is spelt."""
    secret = "a-secret\u200b-of-mine"

    assert "of-mine" not in told(lambda log: log.info("stored", event_id=secret), secrets=[secret])


def test_a_lone_surrogate_is_shown_escaped(told):
    """Text that no encoding can write still makes a line."""
    assert json.loads(told(lambda log: log.info("stored", event_id="a\ud800")))["event_id"] == "a\\ud800"


def test_an_exception_brings_its_traceback_without_values(told):
    """A traceback names the error and the place, and never what the variables held."""

    def call(log):
        body = "customer: Ann Example"
        try:
            fail(KeyError(len(body)))
        except KeyError:
            log.exception("failed")

    line = json.loads(told(call))

    assert "KeyError: 21" in line["exception"]
    assert "Ann Example" not in line["exception"].replace('body = "customer: Ann Example"', "")


def test_the_standard_library_goes_the_same_way(told):
    """Lines and tracebacks of uvicorn come out as ours do; its access log, which holds query strings, does not."""

    def call(_):
        logging.getLogger("uvicorn.error").warning("started on port %d", 8080)
        logging.getLogger("uvicorn.access").warning('GET "/hooks/lp?token=x"')
        try:
            fail(ValueError("why"))
        except ValueError:
            logging.getLogger("asyncio").exception("loop")

    lines = [json.loads(line) for line in told(call).splitlines()]

    assert [(line["room"], line["level"], line["message"]) for line in lines] == [
        ("uvicorn.error", "warning", "started on port 8080"),
        ("asyncio", "error", "loop"),
    ]
    assert "ValueError: why" in lines[1]["exception"]


def test_a_client_library_does_not_tell_its_urls(told):
    """The informational line of httpx, with the whole URL, is not written."""
    assert told(lambda _: logging.getLogger("httpx").info("HTTP Request: GET https://host/?token=x")) == ""


def test_nobody_waits_for_a_stuck_stream():
    """With the stream stuck and the queue full, lines are dropped and counted; the count is logged afterwards."""
    stream = Stuck()
    log = logs.configure(stream, capacity=5)
    logger = structlog.get_logger("gateway.test")
    logger.info("first")
    assert stream.reached.wait(10)
    for number in range(20):
        logger.info("more", number=number)
    dropped = log.dropped
    stream.released.set()
    log.close(10)
    structlog.reset_defaults()

    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert dropped == 15
    assert [line["count"] for line in lines if line["message"] == "log lines dropped"] == [15]
    assert [line["number"] for line in lines if line["message"] == "more"] == [0, 1, 2, 3, 4]


def test_a_write_that_fails_costs_its_lines_only(told):
    """After a failed write the thread goes on, and says how many lines were lost."""
    stream = Broken()
    log = logs.configure(stream)
    logger = structlog.get_logger("gateway.test")
    logger.info("lost")
    while not log.dropped:
        threading.Event().wait(0.005)
    logger.info("kept")
    log.close()
    structlog.reset_defaults()

    messages = [json.loads(line)["message"] for line in stream.getvalue().splitlines()]
    assert sorted(messages) == ["kept", "log lines dropped"]


def test_closing_takes_the_door_out_of_the_standard_library():
    """After `close` the root logger no longer leads to a log that nobody writes."""
    before = list(logging.getLogger().handlers)
    log = logs.configure(io.StringIO())
    during = len(logging.getLogger().handlers)
    log.close()
    structlog.reset_defaults()

    assert during == len(before) + 1
    assert logging.getLogger().handlers == before


def limited(level="info", lines_per_minute=2):
    stream, now = io.StringIO(), [0.0]
    log = logs.configure(stream, clock=lambda: now[0])
    log.limit(level, lines_per_minute)
    return log, stream, now


def written(stream):
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_one_noisy_source_fills_no_disk():
    """Beyond so many a minute its lines of a kind are counted; a neighbour's, a warning, the next minute's are not."""
    log, stream, now = limited()
    room = structlog.get_logger("gateway.ingress")
    made = []

    def row(number):
        made.append(number)
        return {"event_id": f"e-{number}"}

    room.info("event", source="noisy", rows=range(5), row=row)
    room.info("event", source="quiet", event_id="e-1")
    room.info("other", source="noisy")
    room.warning("event", source="noisy", event_id="e-dead")
    wait_for(lambda: len(written(stream)) == 5)
    now[0] = 61.0
    room.info("event", source="noisy", event_id="e-9")
    log.close()
    structlog.reset_defaults()

    *lines, last, summary = written(stream)
    assert [line.get("event_id", line["message"]) for line in lines] == ["e-0", "e-1", "e-1", "other", "e-dead"]
    told = {"of": "ingress: event", "source": "noisy", "count": 3}
    assert (summary["level"], summary["message"]) == ("warning", "log lines left out")
    assert told.items() <= summary.items()
    assert last["event_id"] == "e-9"
    assert made == [0, 1]


def test_what_was_left_out_is_told_at_the_end():
    """Also of a minute that has not ended."""
    log, stream, _ = limited()
    structlog.get_logger("gateway.delivery").info("order", tenant="demo", rows=[{}] * 7)
    log.close()
    structlog.reset_defaults()

    assert [line.get("count") for line in written(stream)] == [None, None, 5]


def test_lines_below_the_level_are_not_written():
    """By the level that was said last, of our own rooms and of libraries."""
    log, stream, _ = limited(level="warning")
    room = structlog.get_logger("gateway.ingress")
    room.info("one")
    logging.getLogger("library").info("two")
    log.limit("info", 10)
    room.info("three")
    log.close()
    structlog.reset_defaults()

    assert [line["message"] for line in written(stream)] == ["three"]


def test_no_server_brings_logging_of_its_own():
    """Uvicorn's would silence its loggers in the whole process: for our lines, and for the tests that come after."""
    root = Path(__file__).parents[2]
    texts = {
        path: path.read_text(encoding="utf-8")
        for folder in ("gateway", "tests", "benchmarks")
        for path in (root / folder).rglob("*.py")
    }
    made = {path: re.findall(r"uvicorn\.Config\(\n?(?:[^()]|\([^()]*\))*\)", text) for path, text in texts.items()}

    assert sum(map(len, made.values())) >= 4
    assert [path for path, calls in made.items() for call in calls if "log_config=None" not in call] == []
