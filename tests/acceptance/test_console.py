"""The console's doors over real sockets, against a running process: what stands at the root, and who gets in."""

import hashlib
import hmac
import os
import signal
import sqlite3
from collections.abc import Iterator

import httpx
import pytest

from tests.processes import Gateway, beside, eventually, free_port, halt, tenant

NIGHT, BOARD = "the-token-of-the-night-shift", "the-token-of-the-board"
TOKENS = [{"name": "night", "token": NIGHT, "role": "admin"}, {"name": "board", "token": BOARD, "role": "read"}]
BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
SAME = {"Sec-Fetch-Site": "same-origin"}
PAGES = (
    *("", "/find", "/orders", "/events", "/dead-letters", "/operations", "/tenants", "/sources", "/refusals", "/audit"),
    *("/login", "/nowhere", "/orders/demo/none", "/events/none", "/orders?cursor=none"),
)


def made(folder) -> Gateway:
    gateway = Gateway(folder, {"demo": tenant("http://127.0.0.1:9/x")})
    gateway.configure(api={"tokens": TOKENS})
    return gateway


@pytest.fixture(scope="module")
def gateway(tmp_path_factory) -> Iterator[Gateway]:
    with made(tmp_path_factory.mktemp("console")) as running:
        yield running


def browser(url: str) -> httpx.Client:
    return httpx.Client(base_url=url, trust_env=False, headers=BROWSER)


def sign_in(client: httpx.Client, token: str = NIGHT, **headers: str) -> httpx.Response:
    return client.post("/console/login", data={"token": token}, headers={**SAME, **headers})


def test_the_root_sends_a_browser_to_the_console_and_names_the_doors_to_a_machine(gateway):
    """Each by what it accepts."""
    page, told = gateway.http.get("/", headers=BROWSER), gateway.http.get("/")
    doors = told.json()["doors"]

    assert (page.status_code, page.headers["Location"]) == (303, "/console")
    assert (told.status_code, told.headers["Vary"]) == (200, "Accept")
    assert doors["console"] == "/console"
    named = [doors[name] for name in ("alive", "ready", "metrics", "description", "console")]
    assert [gateway.http.get(place).status_code for place in named] == [200, 200, 200, 200, 303]
    assert gateway.http.post("/").status_code == 405


def test_the_public_root_names_nothing_of_the_operators(tmp_path):
    """With a listener of their own the console is there alone, and so is its name."""
    gateway, admin = made(tmp_path), free_port()
    gateway.configure(server={"host": "127.0.0.1", "port": gateway.port, "admin": {"port": admin}})
    with gateway, browser(f"http://127.0.0.1:{admin}") as inside:
        outside = gateway.http.get("/", headers=BROWSER)
        within = inside.get("/")
        places = [each.get("/console").status_code for each in (gateway.http, inside)]
        told = inside.get("/", headers={"Accept": "application/json"}).json()["doors"]

    assert (outside.status_code, set(outside.json()["doors"])) == (200, {"hooks", "pull", "alive", "ready"})
    assert (within.status_code, within.headers["Location"]) == (303, "/console")
    assert places == [404, 303]
    assert set(told) == {"metrics", "api", "description", "console"}


def test_a_console_that_is_switched_off_is_nowhere(tmp_path):
    """Neither served nor named; switched on by a reload."""
    gateway = made(tmp_path)
    gateway.configure(console={"enabled": False})
    with gateway:
        off = gateway.http.get("/", headers=BROWSER)
        places = [gateway.http.get(path).status_code for path in ("/console", "/console/login")]
        gateway.configure(console={"title": "The north"})
        reload = gateway.http.post("/api/v1/reload", headers={"Authorization": f"Bearer {NIGHT}"})
        page = gateway.http.get("/console/login")

    assert (off.status_code, "console" in off.json()["doors"], places) == (200, False, [404, 404])
    assert (reload.status_code, page.status_code, "<title>Sign in · The north</title>" in page.text) == (200, 200, True)


@pytest.mark.parametrize("is_in", [True, False])
def test_no_answer_is_kept_by_anybody(gateway, is_in):
    """Every page that holds data, and every refusal, says no-store and the policy; the style alone is kept."""
    with browser(gateway.url) as client:
        if is_in:
            sign_in(client)
        answers = [client.get(f"/console{page}") for page in PAGES]
        answers.append(client.post("/console/logout", headers={"Sec-Fetch-Site": "cross-site"}))
        answers.append(client.post("/console/login", data={"token": "x"}, headers={"Sec-Fetch-Site": "none"}))

    for answer in answers:
        assert answer.headers["Cache-Control"] == "no-store", answer.url
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'; script-src 'self'"), answer.url
        assert answer.headers["Referrer-Policy"] == "no-referrer", answer.url
        assert answer.headers["X-Content-Type-Options"] == "nosniff", answer.url


@pytest.mark.parametrize(
    "shape",
    [
        {},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "none"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "{url}"},
        {"Origin": "https://elsewhere.example"},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": "null"},
        {"Referer": "{url}/console"},
    ],
)
def test_a_form_of_another_site_does_nothing(gateway, shape):
    """Neither signs in nor out."""
    headers = {name: value.format(url=gateway.url) for name, value in shape.items()}
    with browser(gateway.url) as client, browser(gateway.url) as stranger:
        sign_in(client)
        out = client.post("/console/logout", headers=headers)
        still = client.get("/console")
        login = stranger.post("/console/login", data={"token": NIGHT}, headers=headers)

    assert (out.status_code, still.status_code) == (403, 200)
    assert (login.status_code, "Set-Cookie" in login.headers) == (403, False)


def test_the_cookie_counts_beneath_the_console_alone(gateway):
    """The API takes a Bearer alone, the console a cookie alone."""
    with browser(gateway.url) as client:
        sign_in(client)
        api = client.get("/api/v1/stats")
        page = gateway.http.get("/console", headers={"Authorization": f"Bearer {NIGHT}"})

    assert (api.status_code, page.status_code) == (401, 303)


def test_a_made_up_or_old_cookie_lets_nobody_in(gateway):
    """Nor one whose session was ended, wherever else it was kept."""
    with browser(gateway.url) as client:
        name, cookie = sign_in(client).headers["Set-Cookie"].partition(";")[0].split("=", 1)
        held = {"Cookie": f"{name}={cookie}"}
        before = gateway.http.get("/console", headers=held).status_code
        client.post("/console/logout", headers=SAME)
        after = gateway.http.get("/console", headers=held).status_code
        guess = gateway.http.get("/console", headers={"Cookie": f"{name}={cookie[:-1]}"}).status_code

    assert (before, after, guess) == (200, 303, 303)


def test_a_token_that_is_rotated_or_demoted_changes_its_sessions_at_once(tmp_path):
    """The role is the token's of this moment, and without the token there is no session."""
    with made(tmp_path) as gateway, browser(gateway.url) as night, browser(gateway.url) as board:
        sign_in(night)
        sign_in(board, BOARD)
        first = [night.get("/console/audit").status_code, board.get("/console").status_code]
        rotated = [{**TOKENS[0], "role": "read"}, {**TOKENS[1], "token": "another-token-of-the-board"}]
        gateway.configure(api={"tokens": rotated})
        reload = gateway.http.post("/api/v1/reload", headers={"Authorization": f"Bearer {NIGHT}"})
        then = [night.get("/console").status_code, night.get("/console/audit").status_code]
        gone = board.get("/console").status_code

    assert (first, reload.status_code) == ([200, 200], 200)
    assert (then, gone) == ([200, 403], 303)


@pytest.mark.file
def test_a_session_survives_a_restart_and_no_backup_holds_it(tmp_path):
    """The store has digests alone: neither the cookie, nor anything to try tokens against."""
    with made(tmp_path) as gateway, browser(gateway.url) as client:
        cookie = sign_in(client).headers["Set-Cookie"].partition(";")[0].partition("=")[2]
        gateway.stop()
        with sqlite3.connect(tmp_path / "gateway.db") as store:
            [(of_cookie, of_token)] = store.execute("SELECT cookie, token FROM sessions").fetchall()
        store.close()
        gateway.command("backup", str(tmp_path / "made.backup"))
        gateway.start()
        again = client.get("/console")
    backup, kept = (tmp_path / "made.backup").read_bytes(), (tmp_path / "gateway.db").read_bytes()

    assert again.status_code == 200
    assert of_cookie == hashlib.sha256(cookie.encode()).digest()
    assert of_token == hmac.digest(cookie.encode(), NIGHT.encode(), "sha256")
    assert not [each for each in (cookie.encode(), NIGHT.encode(), of_token) if each in backup]
    assert not [each for each in (cookie.encode(), NIGHT.encode()) if each in kept]


def test_while_the_store_is_down_a_known_session_goes_on(tmp_path):
    """Its pages say so; nobody signs in or out meanwhile, and nobody who is not known gets in."""
    with made(tmp_path) as gateway, browser(gateway.url) as client, browser(gateway.url) as stranger:
        client.timeout = stranger.timeout = 30
        name = sign_in(client).headers["Set-Cookie"].partition(";")[0].partition("=")[0]
        assert client.get("/console").status_code == 200
        store = beside(gateway.pid, "gateway.store.process.host")
        halt(store)
        try:
            page = client.get("/console")
            answers = [sign_in(stranger), client.post("/console/logout", headers=SAME)]
            guess = stranger.get("/console", headers={"Cookie": f"{name}=made-up"}).status_code
        finally:
            os.kill(store, signal.SIGCONT)
        after = eventually(lambda: client.get("/console").status_code, lambda status: status == 200)

    assert (page.status_code, "The store cannot be reached" in page.text, "Sign out" in page.text) == (503, True, True)
    assert [answer.status_code for answer in answers] == [503, 503]
    assert (guess, after) == (303, 200)
