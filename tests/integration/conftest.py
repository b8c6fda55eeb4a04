"""The command line in this process."""

from collections.abc import Callable

import msgspec
import pytest

from gateway.cli.tree import run


class Ended(msgspec.Struct):
    """How a command ended: its code, and what it wrote."""

    code: int
    out: str
    err: str

    @property
    def value(self):
        """The JSON on standard output."""
        return msgspec.json.decode(self.out)


@pytest.fixture
def cli(capfdbinary, monkeypatch) -> Callable[..., Ended]:
    """Run a command in this process."""
    monkeypatch.delenv("GATEWAY_CONFIG", raising=False)
    monkeypatch.delenv("GATEWAY_API_TOKEN", raising=False)

    def call(*arguments: object) -> Ended:
        capfdbinary.readouterr()
        code = run([str(argument) for argument in arguments])
        out, err = capfdbinary.readouterr()
        return Ended(code, out.decode(), err.decode())

    return call
