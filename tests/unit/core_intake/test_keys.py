import stat

import pytest

from gateway.core_intake.keys import PullKey, bearer_among, bearer_of, hash_secret, new_secret
from gateway.core_intake.moments import as_text
from gateway.errors import ConfigError


@pytest.mark.parametrize(
    ("values", "token"),
    [
        ([b"Bearer abc"], b"abc"),
        ([b"bearer  abc "], b"abc"),
        ([b"Bearer \xff\xfe"], b"\xff\xfe"),
        ([b"Basic abc"], None),
        ([b"Bearer"], b""),
        ([b"abc"], None),
        ([], None),
        ([b"Bearer abc", b"Bearer abc"], None),
    ],
)
def test_one_bearer_token_is_taken(values, token):
    """Exactly one `Authorization` with the scheme Bearer holds a token; two are none."""
    assert bearer_of(values) == token


def test_a_token_has_the_name_of_its_bearer():
    """Each given token has its own, nothing else has any, and an empty one is no token."""
    bearer = bearer_among({"ann": "one", "bob": "two", "nobody": ""})

    assert [bearer(token) for token in (b"one", b"two", b"", b"on", b"\xff")] == ["ann", "bob", None, None, None]


def test_secrets_differ_and_hash_alike():
    """A new secret is another each time; a secret's hash is the same as text and as bytes."""
    assert new_secret() != new_secret()
    assert hash_secret("geheim€") == hash_secret("geheim€".encode())


def test_a_pull_secret_is_derived_from_endpoint_generation_and_key(tmp_path):
    """The same key gives the same secret for ever; another endpoint, generation or key gives another."""
    key, other = PullKey.kept_in(tmp_path / "a.key"), PullKey.kept_in(tmp_path / "b.key")
    secret = key.secret_of("pull_1", 1)

    assert PullKey.kept_in(tmp_path / "a.key").secret_of("pull_1", 1) == secret
    assert len({secret, key.secret_of("pull_1", 2), key.secret_of("pull_11", 1), other.secret_of("pull_1", 1)}) == 4


def test_the_key_file_is_its_owners_alone(tmp_path):
    """The file has mode 0600 when made, and again after somebody opened it wider."""
    path = tmp_path / "intake-pull.key"
    PullKey.kept_in(path)
    made = stat.S_IMODE(path.stat().st_mode)
    path.chmod(0o644)
    PullKey.kept_in(path)

    assert (made, stat.S_IMODE(path.stat().st_mode)) == (0o600, 0o600)
    assert [entry.name for entry in tmp_path.iterdir()] == ["intake-pull.key"]


def test_half_a_key_is_no_key(tmp_path):
    """A file that holds no whole key stops the start, naming the file."""
    (tmp_path / "a.key").write_bytes(b"short")

    with pytest.raises(ConfigError, match=r"a\.key: holds no key"):
        PullKey.kept_in(tmp_path / "a.key")


def test_moments_are_shown_in_utc_to_the_microsecond():
    """Microseconds since 1970 are shown without losing one; nothing stays nothing."""
    assert as_text(1_740_225_600_000_001) == "2025-02-22T12:00:00.000001Z"
    assert as_text(None) is None
