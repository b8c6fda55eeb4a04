import sys
from pathlib import Path

import msgspec
import pytest

from adapters import Adapter, Api, Secret
from gateway.config.load import load, load_options, secrets_of, warnings_of
from gateway.errors import ConfigError
from gateway.records import Belonging

from .conftest import ACME, ENVIRON, GOOD, AcmeOptions, find


def changed(*changes: tuple[str, str]) -> str:
    text = GOOD
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return text


def test_a_good_file_is_read_whole(read, tmp_path):
    """Settings, the adapters with their typed options, and the store's file as an absolute path."""
    config = read(GOOD + "    options: {every: 15m, goods_owners: {74: demo}, base_url: 'https://api.example/'}")

    assert config.settings.tenants["demo"].secret == "secret-of-the-tenant-demo"
    assert config.sources["acme"].adapter is ACME
    assert config.sources["acme"].options == AcmeOptions(
        every=900.0, goods_owners={"74": "demo"}, base_url="https://api.example/"
    )
    assert config.store_path == str(tmp_path / "data/gateway.db")
    assert config.directory == str(tmp_path)


def test_everything_wrong_is_said_in_one_go(faults):
    """A typo, a setting that is gone, a missing secret, an unknown adapter, no auth, a shared intake: all at once."""
    found = faults("""
sever: {port: 1}
journal: false
api: {token: "${API_TOKEN}"}
tenants:
  demo: {intake_url: "http://127.0.0.1/a", secret: "${MISSING}"}
  twin: {intake_url: "HTTP://127.0.0.1:80/a/", secret: "${SECRET}"}
sources:
  acme: {adapter: acmee, tenant: demo, auth: [{type: bearer, token: "${ALSO_MISSING}"}]}
  bare: {adapter: acme, tenant: demo}
  lost: {adapter: acme, tenant: dmo, auth: none, options: {time_zoen: UTC, password: "${MISSING}"}}
""")

    assert found.keys() == {
        "sever",
        "journal",
        "tenants.demo.secret",
        "tenants.twin.intake_url",
        "sources.acme.adapter",
        "sources.acme.auth[0].token",
        "sources.bare.auth",
        "sources.lost.tenant",
        "sources.lost.options.time_zoen",
        "sources.lost.options.password",
    }
    assert found["sever"] == "unknown key: did you mean server?"
    assert found["journal"].startswith("unknown key: expected one of allow_unsafe, api, ")
    assert found["sources.bare.auth"].endswith("say `auth: none` in so many words")
    assert found["sources.lost.tenant"] == "unknown tenant dmo: did you mean demo?"


@pytest.mark.parametrize("auth", ["auth: []", "auth:", "auth: ~", ""])
def test_a_source_without_credentials_must_say_so(faults, auth):
    """No auth, an empty one and a null one are refused; `auth: none` is the way to say it."""
    text = changed(('auth: [{type: basic, username: acme, password: "${PASSWORD}"}]', auth))

    assert faults(text).keys() == {"sources.acme.auth"}


ACME_AUTH = 'auth: [{type: basic, username: acme, password: "${PASSWORD}"}]'
DEMO = 'demo: {intake_url: "https://trackely.example/api/integrations/wms/demo", secret: "${SECRET}"}'
TOKEN = 'api: {token: "${API_TOKEN}"}'


@pytest.mark.parametrize(
    ("old", "new", "path", "part"),
    [
        (TOKEN, "api: {}", "api", "either one token or a list"),
        (TOKEN, "api: {token: abcd, tokens: [{name: a, token: efgh}]}", "api", "either one token or a list"),
        (
            TOKEN,
            "api: {tokens: [{name: a, token: abcd}, {name: a, token: efgh}]}",
            "api.tokens[1].name",
            "a second token named a",
        ),
        (TOKEN, "api: {tokens: [{name: a, token: abcd}, {name: b, token: abcd}]}", "api.tokens[1].token", "the same"),
        (TOKEN, "api: {tokens: [{name: '', token: abcd}]}", "api.tokens[0].name", "expected a name"),
        (TOKEN, "api: {token: 'abcd '}", "api.token", "no header carries a blank at either end"),
        (TOKEN, 'api: {tokens: [{name: a, token: "ab\\ncd"}]}', "api.tokens[0].token", "a control character"),
        (TOKEN, 'api: {token: "ab\\u007fcd"}', "api.token", "a control character"),
        (DEMO, "demo: {delivery: pull, pull_secret: [x, ' y']}", "tenants.demo.pull_secret[1]", "no header carries"),
        (ACME_AUTH, "auth: [{type: bearer, token: [x, 'y ']}]", "sources.acme.auth[0].token[1]", "no header carries"),
        (ACME_AUTH, "auth: [{type: header, name: X, value: ' y'}]", "sources.acme.auth[0].value", "no header carries"),
        (TOKEN, TOKEN + "\nnotify: [{url: 'http://chat.example/'}]", "notify[0].url", "loopback only: use https"),
        (TOKEN, TOKEN + "\nnotify: [{url: 'https://'}]", "notify[0].url", "a host"),
        (TOKEN, TOKEN + "\nnotify: [{email: a@b, smtp: 'smtp://'}]", "notify[0].smtp", "a mail server"),
        (TOKEN, TOKEN + "\nnotify: [{email: a@b, smtp: 'smtp://x:y'}]", "notify[0].smtp", "a mail server"),
        (TOKEN, TOKEN + '\nnotify: [{email: "a@b\\nX: y", smtp: smtp://x}]', "notify[0].email", "a mailbox"),
        (TOKEN, TOKEN + "\nnotify: [{email: 'a@', smtp: smtp://x}]", "notify[0].email", "a mailbox"),
        (TOKEN, TOKEN + "\nnotify: [{email: 'a@b, c@d', smtp: smtp://x}]", "notify[0].email", "a mailbox"),
        (ACME_AUTH, "auth: [{type: standard_webhooks, secret: 'whsec_!'}]", "sources.acme.auth[0].secret", "base64"),
        (
            ACME_AUTH,
            "auth: [{type: public_key, algorithm: ed25519, header: X-Sig, key: [nonsense]}]",
            "sources.acme.auth[0].key[0]",
            "expected one public key in PEM",
        ),
        (TOKEN, TOKEN + "\nserver: {port: 65536}", "server.port", "0 to 65535"),
        (TOKEN, TOKEN + "\nserver: {port: -1}", "server.port", "0 to 65535"),
        (TOKEN, TOKEN + "\nserver: {host: ''}", "server.host", "expected a host"),
        (TOKEN, TOKEN + "\nserver: {trusted_proxies: -1}", "server.trusted_proxies", "0 or more"),
        (TOKEN, TOKEN + "\nserver: {admin: {port: 70000}}", "server.admin.port", "0 to 65535"),
        (TOKEN, TOKEN + "\nserver: {admin: {port: 8080}}", "server.admin", "the same address"),
        (TOKEN, TOKEN + "\nlimits: {max_body: 0}", "limits.max_body", "at least 1"),
        (TOKEN, TOKEN + "\nlimits: {max_connections: 0}", "limits.max_connections", "at least 1"),
        (TOKEN, TOKEN + "\nlimits: {header_timeout: 0}", "limits.header_timeout", "more than 0"),
        (TOKEN, TOKEN + "\nlimits: {body_timeout: 0s}", "limits.body_timeout", "more than 0"),
        (
            TOKEN,
            TOKEN + "\nintake: {customers: [{id: a, name: A}, {id: a, name: B}]}",
            "intake.customers[1].id",
            "a second customer a",
        ),
        (TOKEN, TOKEN + "\nintake: {customers: [{id: '', name: A}]}", "intake.customers[0].id", "expected an id"),
        (TOKEN, TOKEN + "\nstore: postgresql://x", "store", "expected sqlite:///path"),
        (TOKEN, TOKEN + "\nstore: data/gateway.db", "store", "expected sqlite:///path"),
        (TOKEN, TOKEN + "\nstore: 'sqlite:///:memory:'", "store", "expected sqlite:///path"),
        (TOKEN, TOKEN + "\nstore: 'sqlite:///'", "store", "expected sqlite:///path"),
        (TOKEN, TOKEN + "\nstore: sqlite:///~/x.db", "store", "a ~ stands for nothing, ${HOME} does"),
        (TOKEN, TOKEN + "\nstore: 'sqlite:///a.db?mode=ro'", "store", "expected sqlite:///path"),
        (DEMO, "demo: {secret: abcd}", "tenants.demo.intake_url", "missing"),
        (DEMO, "demo: {intake_url: 'https://t.example/'}", "tenants.demo.secret", "missing secret"),
        (DEMO, "demo: {delivery: pull}", "tenants.demo.pull_secret", "missing secret"),
        (DEMO, "demo: {delivery: pull, pull_secret: []}", "tenants.demo.pull_secret", "at least one secret"),
        (
            "demo: {",
            "'a b': {intake_url: 'https://t.example/', secret: x}\n  demo: {",
            "tenants.a b",
            "expected a name",
        ),
        ("secret: ", "concurrency: 0, secret: ", "tenants.demo.concurrency", "at least 1"),
        ("secret: ", "max_backlog: 0, secret: ", "tenants.demo.max_backlog", "at least 1"),
        ("secret: ", "timeout: 0, secret: ", "tenants.demo.timeout", "more than 0"),
        ("secret: ", "probe: 0, secret: ", "tenants.demo.probe", "more than 0"),
        ("secret: ", "backoff: {base: 0}, secret: ", "tenants.demo.backoff.base", "more than 0"),
        ("secret: ", "backoff: {base: 2m, max: 1m}, secret: ", "tenants.demo.backoff.max", "at least base"),
        ("secret: ", "batch: {max_orders: 0}, secret: ", "tenants.demo.batch.max_orders", "at least 1"),
        ("secret: ", "batch: {max_bytes: 0}, secret: ", "tenants.demo.batch.max_bytes", "at least 1"),
        ("secret: ", "pull: {max_orders: 0}, secret: ", "tenants.demo.pull.max_orders", "at least 1"),
        ("secret: ", "delivery: puhs, secret: ", "tenants.demo.delivery", "expected push or pull"),
        ('secret: "${SECRET}"', 'secret: "päss word"', "tenants.demo.secret", "printable ASCII"),
        ('secret: "${SECRET}"', 'secret: "line\\nbreak"', "tenants.demo.secret", "printable ASCII"),
        ("tenant: demo", "tenant: other", "sources.acme.tenant", "unknown tenant other"),
        ("  acme:", "  'ac/me':", "sources.ac/me", "expected a name"),
        ("  acme:", "  '..':", "sources...", "expected a name"),
        (ACME_AUTH, ACME_AUTH + "\n    aliases: ['a b']", "sources.acme.aliases[0]", "expected a name"),
        (ACME_AUTH, ACME_AUTH + "\n    aliases: [acme]", "sources.acme.aliases[0]", "already the name of a source"),
        (
            ACME_AUTH,
            ACME_AUTH + "\n    aliases: [old, old]",
            "sources.acme.aliases[1]",
            "already the name of an alias of sources.acme",
        ),
        (ACME_AUTH, ACME_AUTH + "\n    expect_every: 0", "sources.acme.expect_every", "more than 0"),
        (ACME_AUTH, ACME_AUTH + "\n    zone: Oslo", "sources.acme.zone", "Oslo"),
        (ACME_AUTH, ACME_AUTH + "\n    allow_ips: [10.0.0.0/8, x]", "sources.acme.allow_ips[1]", "expected an address"),
        (
            ACME_AUTH,
            ACME_AUTH + "\n    allow_ips: [10.0.0.1/8]",
            "sources.acme.allow_ips[0]",
            "did you mean 10.0.0.0/8?",
        ),
        (ACME_AUTH, "auth: nothing", "sources.acme.auth", "expected a list or none"),
        (ACME_AUTH, "auth: [{type: header, name: 'X Y', value: v}]", "sources.acme.auth[0].name", "name of a header"),
        (ACME_AUTH, "auth: [{type: hmac, header: '', secret: v}]", "sources.acme.auth[0].header", "name of a header"),
        (ACME_AUTH, "auth: [{type: query, parameter: '', value: v}]", "sources.acme.auth[0].parameter", "parameter"),
        (ACME_AUTH, "auth: [{type: basic, username: 'a:b', password: v}]", "sources.acme.auth[0].username", "colon"),
        ("adapter: acme", "adapter: other", "sources.acme.adapter", "unknown adapter other in "),
        (ACME_AUTH, ACME_AUTH + "\n    options: {time_zone: Nowhere}", "sources.acme.options.time_zone", "not a time"),
        (ACME_AUTH, ACME_AUTH + "\n    options: [x]", "sources.acme.options", "expected a mapping"),
        (ACME_AUTH, ACME_AUTH + "\n    options: {goods_owners: {74: oter}}", "sources.acme.options", "tenant oter"),
        (
            ACME_AUTH,
            ACME_AUTH + "\n    options: {goods_owners: {1: one, 2: two}}",
            "sources.acme.options",
            "unknown tenant one: expected one of demo; unknown tenant two",
        ),
        (ACME_AUTH, ACME_AUTH + "\n    options: {base_url: 'http://a.b/'}", "sources.acme.options", "plain http"),
        (ACME_AUTH, ACME_AUTH + "\n    options: {base_url: 'https://a.b/?c'}", "sources.acme.options", "have no query"),
    ],
)
def test_a_fault_stands_alone_at_its_key(faults, old, new, path, part):
    """Each fault is named at the key's path, without a follow-up fault."""
    found = faults(changed((old, new)))

    assert found.keys() == {path}
    assert part in found[path]


def test_aliases_may_not_be_names_of_other_sources(faults):
    """A URL leads to one source only."""
    other = "\n  old: {adapter: acme, tenant: demo, auth: none}\n  third: {adapter: acme, tenant: demo, auth: none, "
    found = faults(changed((ACME_AUTH, f"{ACME_AUTH}\n    aliases: [old, former]{other}aliases: [former]}}")))

    assert found.keys() == {"sources.acme.aliases[0]", "sources.third.aliases[0]"}


def test_events_of_no_order_belong_to_their_sources_tenant(read):
    """Under all of its names; where the options route to tenants, an order may be another's."""
    options = "\n    aliases: [former]\n    options: {goods_owners: {'74': demo}}"
    other = "\n  other: {adapter: acme, tenant: demo, auth: none}\n"

    assert read(changed((ACME_AUTH, f"{ACME_AUTH}{options}{other}"))).belonging == Belonging(
        {"acme": "demo", "former": "demo", "other": "demo"}, ("acme", "former")
    )


def test_an_adapters_broken_function_is_a_fault_of_the_file(tmp_path):
    """An adapter that cannot say where it sends is no traceback at the start."""
    file = tmp_path / "config.yaml"
    file.write_text(GOOD)
    broken = Adapter(
        name="broken",
        version="1",
        options=AcmeOptions,
        identify=ACME.identify,
        translate=ACME.translate,
        tenants=lambda options: options.gone,
    )
    with pytest.raises(
        ConfigError, match=r"sources\.acme\.options: the adapter cannot read its options: AttributeError"
    ):
        load(file, ENVIRON, lambda _name, _directory: broken)


def test_no_fault_shows_a_secret(tmp_path):
    """Neither a wrong URL with a password, nor an adapter that repeats one, nor a misplaced value shows it."""
    file = tmp_path / "config.yaml"
    file.write_text(
        changed(
            ("https://trackely.example", "https://user:canary-url@trackely.example"),
            ("tenant: demo", "tenant: demo\n    options: {password: password-told, every: canary-span}"),
            ('"${PASSWORD}"}]', '"${PASSWORD}"}]\n    malformed: canary-word\n    allow_ips: canary-ips'),
            (TOKEN, TOKEN + "\nserver: {port: '${SECRET}'}"),
        )
    )
    with pytest.raises(ConfigError) as raised:
        load(file, ENVIRON, find)
    words = str(raised.value)

    assert len(raised.value.faults) >= 5
    assert not [secret for secret in ("canary", "password-told", *ENVIRON.values()) if secret in words]

    file.write_text(GOOD + "    options: {password: password-told}")
    with pytest.raises(ConfigError, match=r"sources\.acme\.options: the password \*\*\* is known to all"):
        load(file, ENVIRON, find)


def test_paths_are_relative_to_the_file_that_names_them(tmp_path):
    """An included file's store and adapters are looked for beside it."""
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts/base.yaml").write_text(GOOD + "\nstore: sqlite:///own.db")
    (tmp_path / "config.yaml").write_text("include: parts/base.yaml")
    asked = []

    def finding(_reference: str, directory: Path) -> Adapter:
        asked.append(directory)
        return ACME

    config = load(tmp_path / "config.yaml", ENVIRON, finding)

    assert config.store_path == str(tmp_path / "parts/own.db")
    assert config.directory == str(tmp_path)
    assert asked == [tmp_path / "parts"]


def test_an_absolute_store_stays_where_it_is(read):
    """Four slashes begin an absolute path."""
    assert read(GOOD + "\nstore: sqlite:////var/lib/trackely/gateway.db").store_path == "/var/lib/trackely/gateway.db"


def test_a_pull_tenant_needs_no_intake_url(read):
    """A pull secret, or a list of them, is all."""
    tenant = read(changed((DEMO, "demo: {delivery: pull, pull_secret: [one, two]}"))).settings.tenants["demo"]

    assert tenant.intake_url is None
    assert tenant.pull_secret == [Secret("one"), Secret("two")]


def test_what_is_allowed_and_yet_worth_a_second_look(read):
    """The shipped habits give no warning; open doors, sources without proof and plain http do."""
    doors = "server: {host: 0.0.0.0}\n"
    open_text = doors + changed(
        (ACME_AUTH, "auth: none"), ("https://", "http://"), ("secret:", "allow_http: true, secret:")
    )
    apart = "server: {host: 0.0.0.0, admin: {host: 10.0.0.1}}\n"

    assert warnings_of(read(GOOD)) == []
    assert warnings_of(read("notify: [{email: a@b.example, smtp: smtp://mail}]\n" + GOOD)) == []
    assert [warning.split(": ")[0] for warning in warnings_of(read(open_text))] == [
        "server",
        "tenants.demo.intake_url",
        "sources.acme.auth",
    ]
    assert [warning.split(": ")[0] for warning in warnings_of(read(apart + GOOD))] == ["server.admin"]
    assert warnings_of(read("server: {host: 0.0.0.0, admin: {port: 8081}}\n" + GOOD)) == []


@pytest.mark.parametrize(
    ("member", "words"),
    [
        ({"tenants": lambda _options: None}, "TypeError: 'NoneType' object is not iterable"),
        ({"tenants": lambda _options: "demo"}, "TypeError: its `tenants` are not a list of texts"),
        ({"tenants": lambda _options: [5]}, "TypeError: its `tenants` are not a list of texts"),
        ({"api": lambda _options: "https://api.example"}, "TypeError: its `api` is none, or has no base URL"),
        ({"api": lambda _options: Api(base_url=None)}, "TypeError: its `api` is none, or has no base URL"),
        ({"api": lambda _options: sys.exit(3)}, "SystemExit: 3"),
        ({"reconciliation": lambda _options: "orders"}, "TypeError: its `reconciliation` is no Reconciliation"),
        ({"reconciliation": lambda _options: 1 / 0}, "ZeroDivisionError: division by zero"),
        ({"reach": lambda _options: "orders"}, "TypeError: its `reach` is no Lookup"),
    ],
)
def test_what_an_adapter_says_of_its_options_is_held_to_its_contract(tmp_path, member, words):
    """An integrator's function may come to anything: a fault of the options, not the end of whoever checks them."""
    file = tmp_path / "config.yaml"
    file.write_text(GOOD)
    adapter = msgspec.structs.replace(ACME, **member)
    with pytest.raises(ConfigError, match=f"sources.acme.options: the adapter cannot read its options: {words}"):
        load(file, ENVIRON, lambda _reference, _directory: adapter)


def test_a_short_secret_is_warned_of_by_its_key_and_not_shown(read):
    """Fifteen characters are short, sixteen are not; wherever they stand, an adapter's options included."""
    proof = "auth: [{type: bearer, token: [fifteen-letters, sixteen-letters-]}]\n    options: {password: tiny-one}"
    warnings = warnings_of(read(changed((ACME_AUTH, proof))))

    assert [warning.split(": ")[0] for warning in warnings] == [
        "sources.acme.auth[0].token[0]",
        "sources.acme.options.password",
    ]
    assert "fifteen" not in str(warnings)
    assert "tiny" not in str(warnings)


@pytest.mark.parametrize(
    ("server", "begin"),
    [
        ("{port: 9090}", "http://127.0.0.1:9090/api/integrations/wms/"),
        ("{host: 0.0.0.0, port: 9090, admin: {}}", "http://127.0.0.1:9090/api/integrations/wms/"),
        ("{host: '::1', port: 9090}", "http://[::1]:9090/api/integrations/wms/"),
        ("{port: 0}", "server.port"),
    ],
)
def test_an_embedded_intake_that_nothing_reaches(read, server, begin):
    """It is said, with how an intake_url would have to begin; with one that does, or a pulled tenant, all is well."""
    text = f"server: {server}\nintake: {{embedded: true}}\n"
    old = "https://trackely.example/api/integrations/wms/demo"
    (warning,) = warnings_of(read(text + changed((old, "http://127.0.0.1:8080/api/integrations/wms/demo"))))

    assert warning.startswith("intake.embedded: ")
    assert begin in warning
    assert (
        warnings_of(read(text + changed((DEMO, "demo: {delivery: pull, pull_secret: a-secret-of-some-length}")))) == []
    )
    if begin.startswith("http"):
        assert warnings_of(read(text + changed((old, f"{begin}demo")))) == []


def test_every_secret_is_known_for_redaction(read):
    """Tokens, intake and pull secrets, rotated ones, and those of an adapter's options; each once, and nothing else."""
    config = read(
        changed(
            (TOKEN, 'api: {tokens: [{name: a, token: "${API_TOKEN}"}]}'),
            ('password: "${PASSWORD}"', 'password: ["${PASSWORD}", old-password]'),
            ("tenant: demo", "tenant: demo\n    options: {password: option-secret, time_zone: '${ZONE:-UTC}'}"),
        )
    )

    assert sorted(secrets_of(config)) == sorted([*ENVIRON.values(), "old-password", "option-secret"])
    assert not [secret for secret in secrets_of(config) if secret in repr(config)]


def test_options_are_read_from_a_file_of_their_own(tmp_path):
    """The same reading as in the configuration, for YAML and for JSON; its faults have the file's own paths."""
    file = tmp_path / "options.yaml"
    file.write_text("every: 90s\ngoods_owners: {0123: demo}")

    assert load_options(ACME, file) == AcmeOptions(every=90.0, goods_owners={"0123": "demo"})

    file.write_text('{"every": "2h", "password": "${PW}"}')

    assert load_options(ACME, file, {"PW": "abcd"}).password == "abcd"

    file.write_text("evry: 90s\ntime_zone: ")
    with pytest.raises(ConfigError) as raised:
        load_options(ACME, file)
    assert [fault.path for fault in raised.value.faults] == ["evry", "time_zone"]


@pytest.mark.parametrize("text", [None, "tenants: [", "- a list"])
def test_a_file_that_cannot_be_read_is_one_fault(text, tmp_path):
    """What it lacks besides would be noise."""
    file = tmp_path / "config.yaml"
    if text is not None:
        file.write_text(text)

    with pytest.raises(ConfigError) as raised:
        load(file, ENVIRON, find)
    assert [(fault.file, fault.path) for fault in raised.value.faults] == [(str(file), "")]


def test_a_check_of_ones_own_speaks_beside_a_wrong_type(tmp_path):
    """An option of a wrong type hides no other fault; what a check says for want of that option is left out."""
    file = tmp_path / "options.yaml"
    file.write_text("every: soon\ntime_zone: Nowhere")
    with pytest.raises(ConfigError) as raised:
        load_options(ACME, file)

    assert [fault.path for fault in raised.value.faults] == ["every", "time_zone"]

    file.write_text("time_zone: [Nowhere]\nevery: 90s")
    with pytest.raises(ConfigError) as raised:
        load_options(ACME, file)
    assert [fault.path for fault in raised.value.faults] == ["time_zone"]
