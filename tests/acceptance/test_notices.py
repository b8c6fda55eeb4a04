"""People are told: each beginning once, each end once, through a restart; real webhooks, a real SMTP server."""

import asyncio
import json
import threading
import time
from collections.abc import Iterator
from email import message_from_bytes
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

import pytest

from tests.intakes import accepted
from tests.processes import Gateway, Intakes, eventually, free_port, source, tenant, told

SETTLING = 5.0
"""A second message would have come by then: a look is two seconds."""


class Listener:
    """A webhook's receiver; `status` is what it answers."""

    def __init__(self) -> None:
        listener = self
        self.told: list[dict[str, Any]] = []
        self.status = 204

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if listener.status == 204:
                    listener.told.append(json.loads(body))
                self.send_response(listener.status)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/a-secret-path-of-the-chat"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def of(self, event: str) -> list[tuple[str, str]]:
        return [(each["status"], each["subject"]) for each in self.told if each["event"] == event]


class Post:
    """An SMTP server (RFC 5321) that keeps what it is handed; without TLS."""

    def __init__(self) -> None:
        self.mails: list[Message] = []
        self.said: list[str] = []
        self.port = free_port()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)

    def __enter__(self) -> Self:
        self._thread.start()
        starting = asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self._server = asyncio.run_coroutine_threadsafe(starting, self._loop).result(5)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._server.close)
        asyncio.run_coroutine_threadsafe(asyncio.sleep(0.05), self._loop).result(5)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 post ESMTP\r\n")
        while line := await reader.readline():
            word = line.split()[0].upper().decode()
            self.said.append(word)
            if word == "DATA":
                writer.write(b"354 go on\r\n")
                body = await reader.readuntil(b"\r\n.\r\n")
                self.mails.append(message_from_bytes(body))
            writer.write({"QUIT": b"221 bye\r\n", "EHLO": b"250-post\r\n250 8BITMIME\r\n"}.get(word, b"250 ok\r\n"))
            await writer.drain()
            if word == "QUIT":
                break
        writer.close()


@pytest.fixture
def chat() -> Iterator[Listener]:
    with Listener() as listener:
        yield listener


def test_a_halt_is_told_once_and_so_is_its_end(tmp_path: Path, chat: Listener):
    """By webhook and by mail, through two restarts; no message holds a secret or a word of the intake's."""
    with Intakes() as intakes, Post() as post:
        intake = intakes.open(lambda _call: lambda call: call.send_json(401, {"error": "who is Ms Canary?"}))
        notify = [{"url": chat.url}, {"email": "night@example.com", "smtp": f"smtp://127.0.0.1:{post.port}"}]
        with Gateway(tmp_path, {"demo": tenant(intake.url)}, notify=notify) as gateway:
            gateway.post(told("e1", "A", 1))
            eventually(lambda: chat.told and post.mails)
            for _ in range(2):
                gateway.stop()
                gateway.start()
                time.sleep(SETTLING)
            before = list(chat.told), len(post.mails)
            intake.behave = lambda _call: accepted
            gateway.becomes("A", "delivered")
            eventually(lambda: len(chat.told) > 1 and len(post.mails) > 1)
            time.sleep(SETTLING)

            assert [(each["event"], each["status"], each["subject"]) for each in before[0]] == [
                ("halt", "began", "demo")
            ]
            assert before[1] == 1
            assert chat.of("halt") == [("began", "demo"), ("ended", "demo")]
            assert chat.told[0]["reason"] == "intake_unauthorized"
            assert chat.told[0]["link"] == f"{gateway.url}/console/tenants/demo"
            subjects = [mail["Subject"] for mail in post.mails]
            assert [subject.partition(": ")[2] for subject in subjects] == [
                "tenant demo is halted: nothing is sent to it",
                "tenant demo is no longer halted",
            ]
            assert "/console/tenants/demo" in str(post.mails[0].get_payload())
            every = json.dumps(chat.told) + "".join(map(str, post.mails))
            assert [word for word in ("Canary", "a-tenants-secret", "a-vendors-token") if word in every] == []
            assert "a-secret-path-of-the-chat" not in gateway.log.read_text()


def test_silence_dead_letters_and_backlog_are_told(tmp_path: Path, chat: Listener):
    """Each with its subject, and each ends; a restart is no sign of life of a source."""
    url = f"http://127.0.0.1:{free_port()}/in"
    tenants = {
        "demo": tenant(url, max_backlog=1, backoff={"base": 300, "max": 300}),
        "other": tenant(url + "/other"),
    }
    sources = {"demo": source("demo"), "quiet": source("other", expect_every=4)}
    with Gateway(tmp_path, tenants, sources, notify=[{"url": chat.url}]) as gateway:
        gateway.post(told("e1", "B", 1, shipToAddress=None))
        gateway.post(told("e2", "A", 1))
        eventually(lambda: chat.of("backlog") and chat.of("dead_letters") and chat.of("silence"))
        gateway.stop()
        gateway.start()
        time.sleep(3)
        after_restart = list(chat.told)
        gateway.post(told("e3", "C", 1, shipToAddress=None), "quiet")
        eventually(lambda: len(chat.of("silence")) > 1)
        gateway.api("dead-letters/discard", {"filter": {"tenant": "demo"}})
        gateway.api("orders/demo/A/discard", {})
        eventually(lambda: len(chat.of("backlog")) > 1 and len(chat.of("dead_letters")) > 2)

        assert len(after_restart) == 3
        assert chat.of("silence")[:2] == [("began", "quiet"), ("ended", "quiet")]
        assert chat.of("backlog") == [("began", "demo"), ("ended", "demo")]
        assert {("began", "demo"), ("ended", "demo"), ("began", "other")} == set(chat.of("dead_letters"))


@pytest.mark.file
def test_a_store_that_cannot_store_is_told(tmp_path: Path, chat: Listener):
    """By the disk's limit, which a reload lifts; who asks for other events is not told."""
    other = {"url": chat.url + "/other", "events": ["halt"]}
    with Gateway(tmp_path, {"demo": tenant("http://127.0.0.1:9/in")}, notify=[{"url": chat.url}, other]) as gateway:
        gateway.configure(limits={"min_free_disk": "8000GiB"})
        gateway.api("reload", {})
        eventually(lambda: chat.of("store"))
        gateway.configure(limits={"min_free_disk": 0})
        gateway.api("reload", {})
        eventually(lambda: len(chat.of("store")) > 1)

        assert chat.of("store") == [("began", ""), ("ended", "")]


def test_what_does_not_go_out_is_tried_again(tmp_path: Path, chat: Listener, monkeypatch):
    """A receiver that fails is told later; a mailbox behind a server that is down holds nobody up."""
    chat.status = 500
    notify = [{"email": "night@example.com", "smtp": f"smtp://127.0.0.1:{free_port()}"}, {"url": chat.url}]
    with Gateway(tmp_path, {"demo": tenant("http://127.0.0.1:9/in")}, notify=notify) as gateway:
        gateway.api("tenants/demo/halt", {"reason": "stock-taking"})
        failed = eventually(gateway.log.read_text, lambda seen: seen.count('"message":"notice"') >= 2)
        chat.status = 204
        gateway.stop()
        gateway.start()
        eventually(lambda: chat.told)

        assert '"outcome":"500"' in failed
        assert "ConnectionRefusedError" in failed
        assert chat.of("halt") == [("began", "demo")]
        assert "stock-taking" not in json.dumps(chat.told)


def test_a_password_is_not_sent_in_the_open(tmp_path: Path):
    """A server without TLS gets none, and no mail."""
    with Post() as post:
        notify = [{"email": "night@example.com", "smtp": f"smtp://user:a-password-of-the-post@127.0.0.1:{post.port}"}]
        with Gateway(tmp_path, {"demo": tenant("http://127.0.0.1:9/in")}, notify=notify) as gateway:
            gateway.api("tenants/demo/halt", {})
            log = eventually(gateway.log.read_text, lambda seen: "SMTPNotSupportedError" in seen)

            assert "SMTPNotSupportedError" in log
            assert "AUTH" not in post.said
            assert post.mails == []


@pytest.mark.parametrize(
    ("entry", "saying"),
    [
        ({}, "expected url, or email and smtp"),
        (
            {"url": "https://chat.example/hook", "email": "a@b", "smtp": "smtp://post"},
            "expected url, or email and smtp",
        ),
        ({"email": "a@b.example"}, "expected url, or email and smtp"),
        ({"url": "ftp://chat.example/hook"}, "notify[0].url"),
        ({"email": "a@b.example", "smtp": "http://post.example"}, "notify[0].smtp"),
        ({"email": "nobody", "smtp": "smtp://post.example"}, "expected a mailbox"),
        ({"url": "https://chat.example/hook", "events": []}, "notify[0].events"),
        ({"url": "https://chat.example/hook", "events": ["weather"]}, "notify[0].events"),
    ],
)
def test_a_faulty_entry_stops_the_start(tmp_path: Path, entry: dict[str, Any], saying: str):
    """With its place and what was expected."""
    gateway = Gateway(tmp_path, {"demo": tenant("http://127.0.0.1:9/in")}, notify=[entry])
    done = gateway.command("check")

    assert done.returncode == 78
    assert saying in done.stderr
