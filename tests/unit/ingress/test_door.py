import json
import time

import pytest

from adapters import Hook
from gateway.config.proofs import Basic, Header, Query
from gateway.events import context_of, hook_of
from gateway.ingress.door import Door
from gateway.ingress.media import is_identity, is_json_type
from tests.integration.ingress.running import adapter, source


@pytest.mark.parametrize(
    ("content_type", "expected"),
    [
        (None, True),
        (b"", True),
        (b"application/json", True),
        (b"Application/JSON; charset=utf-8", True),
        (b"application/vnd.api+json", True),
        (b"text/json", True),
        (b"application/x-ndjson", True),
        (b"text/plain", False),
        (b"json", False),
        (b"json/plain", False),
        (b"text/plain; a=json", False),
        (b"application/x-www-form-urlencoded", False),
    ],
)
def test_content_types(content_type: bytes | None, expected: bool) -> None:  # noqa: FBT001 - a row of the table
    """None will do, and a subtype that holds json."""
    assert is_json_type(content_type) is expected


@pytest.mark.parametrize(
    ("coding", "expected"),
    [(None, True), (b"identity", True), (b"Identity", True), (b"gzip", False), (b"identity, br", False), (b"x", False)],
)
def test_content_encodings(coding: bytes | None, expected: bool) -> None:  # noqa: FBT001 - a row of the table
    """Only identity will do."""
    assert is_identity(coding) is expected


def test_a_hook_holds_only_what_the_adapter_reads_and_never_a_credential() -> None:
    """Credentials are left out even if the adapter lists them; a repeated header counts once."""
    reads = adapter(
        reads_headers=("X-Topic", "Authorization", "X-Key", "X-Gone"), reads_parameters=("kind", "token", "gone")
    )
    auth = [Basic(username="u", password="p"), Header(name="X-Key", value="k"), Query(parameter="token", value="t")]
    door = Door(source(of=reads, auth=auth), lambda: time.time_ns() // 1000)
    headers = [
        (b"x-topic", b"a"),
        (b"x-topic", b"a"),
        (b"authorization", b"Basic dTpw"),
        (b"x-key", b"k"),
        (b"x", b"y"),
    ]
    hook = door.hook(b"{}", door.read(headers), b"token=t&kind=o%2Brder+1&x=1", "or/der")

    assert hook.headers == {"x-topic": "a"}
    assert hook.parameters == {"kind": "o+rder 1"}
    assert json.loads(context_of(hook)) == {"headers": hook.headers, "parameters": hook.parameters, "path": "or/der"}
    assert hook_of(b"{}", context_of(hook)) == hook


def test_a_hook_that_is_all_body_has_no_context() -> None:
    """Nothing is stored beside the body where there is nothing."""
    hook = Door(source(), lambda: 0).hook(b"{}", {}, b"a=b", "")

    assert (hook, context_of(hook), hook_of(b"{}", b"")) == (Hook(b"{}"), b"", Hook(b"{}"))
