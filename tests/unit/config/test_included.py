"""What a file that is no configuration, or that multiplies itself, can do: nothing but be refused."""

import time

import pytest

from gateway.config.load import load
from gateway.errors import ConfigError
from gateway.registry import find_adapter

SHADOW = "root:$6$salt$hash-of-root:19000:0:99999:7:::\ndaemon:*:19000:0:99999:7:::\n"
KEY = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\n-----END PRIVATE KEY-----\n"


def words_of(file) -> str:
    with pytest.raises(ConfigError) as raised:
        load(file, {}, find_adapter)
    return str(raised.value)


@pytest.mark.parametrize(
    ("content", "secret"),
    [
        (SHADOW, "hash-of-root"),
        (KEY, "MIIEvQIBADANBgkqhkiG9w0BAQEFAASC"),
        ("a: *hash-of-root", "hash-of-root"),
        ("!hash-of-root x", "hash-of-root"),
        ("server: !hash-of-root x", "hash-of-root"),
        ("%TAG ! hash-of-root\n---\na: 1", "hash-of-root"),
        ("!hash-of-root!x y", "hash-of-root"),
        ("server: {? 'hash-of-root: 1'}", "hash-of-root"),
        ("? 'it''s \"hash-of-root\"'\n: 1\nserver: 5", "hash-of-root"),
        ("tenants: {'hash-of-root$1': 1}", "hash-of-root"),
    ],
)
@pytest.mark.parametrize("key", ["include", "file itself"])
def test_no_fault_shows_what_a_file_holds(tmp_path, content, secret, key):
    """Whoever may name a file in the configuration need not be allowed to read it."""
    other, file = tmp_path / "other", tmp_path / "config.yaml"
    other.write_text(content)
    file.write_text("include: other")
    words = words_of(file if key == "include" else other)

    assert "other" in words
    assert secret not in words


@pytest.mark.parametrize("holder", ["${file:other}", "x${HELD}"])
@pytest.mark.parametrize(
    "wrong",
    [
        "include: '{}'",
        "console: {{zone: '{}'}}",
        "sources: {{a: {{adapter: '{}', auth: none, tenant: x}}}}",
        "sources: {{a: {{adapter: shopify, auth: none, tenant: '{}'}}}}",
        "sources: {{a: {{adapter: ongoing, auth: none, tenant: x, options: {{time_zone: '{}'}}}}}}",
    ],
)
def test_no_fault_shows_what_was_expanded(tmp_path, wrong, holder):
    """A secret at a wrong key is no name that is not known."""
    file = tmp_path / "config.yaml"
    (tmp_path / "other").write_text("hash-of-root\n")
    file.write_text(wrong.format(holder))
    with pytest.raises(ConfigError) as raised:
        load(file, {"HELD": "hash-of-root"}, find_adapter)

    assert "***" in str(raised.value)
    assert "hash-of-root" not in str(raised.value)


def bomb() -> str:
    doubled = "".join(f"x-{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 60))
    return f"x-0: &a0 [x, x]\n{doubled}server: *a59\n"


def test_a_bomb_of_aliases_is_one_fault_and_costs_nothing(tmp_path):
    """2 to the power of 60 values of four kilobytes are counted, not made."""
    (tmp_path / "config.yaml").write_text(bomb())
    begin = time.process_time()
    words = words_of(tmp_path / "config.yaml")

    assert "more than 100,000 values" in words
    assert time.process_time() - begin < 10


def test_files_that_include_each_other_twice_are_bounded(tmp_path):
    """Twenty small files, each including the next one twice, would be read a million times."""
    for n in range(20):
        (tmp_path / f"{n}.yaml").write_text(f"include: [{n + 1}.yaml, {n + 1}.yaml]")
    (tmp_path / "20.yaml").write_text("server: {}")

    assert "more than 100 files" in words_of(tmp_path / "0.yaml")


@pytest.mark.parametrize("text", ["include: /dev/zero", "store: ${file:/dev/zero}"])
def test_a_file_without_an_end_is_refused(tmp_path, text):
    """No more is read than a configuration, or a secret, may have."""
    (tmp_path / "config.yaml").write_text(text)
    words = words_of(tmp_path / "config.yaml")

    assert "larger than" in words or "longer than" in words
