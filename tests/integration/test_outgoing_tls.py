"""What is asked of others over TLS, against a server whose certificate a test's own authority signed, or nobody's."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from gateway.ground.connecting import tls_context
from gateway.ground.outgoing import Answer, NoAnswer, OutgoingClient

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


def certificate(folder: Path, name: str) -> Path:
    """A certificate for a name with its key, signed with that key: who trusts it trusts it alone."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    made = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    file = folder / f"{name}.pem"
    file.write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()) + made.public_bytes(pem)
    )
    return file


@contextlib.asynccontextmanager
async def serving(file: Path, version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3) -> AsyncIterator[tuple[str, list[int]]]:
    """A server with this certificate: its URL at `localhost`, and how much it was asked over each connection."""
    asked: list[int] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(0)
        place = len(asked) - 1
        with contextlib.suppress(asyncio.IncompleteReadError, OSError):
            while True:
                await reader.readuntil(b"\r\n\r\n")
                await reader.readexactly(2)
                asked[place] += 1
                writer.write(ANSWER)
        writer.close()

    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(file)
    context.minimum_version = context.maximum_version = version
    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    async with server:
        yield f"https://localhost:{server.sockets[0].getsockname()[1]}/x", asked


@pytest.fixture
def trusted(tmp_path, monkeypatch):
    """A certificate for `localhost` that this machine trusts, as OpenSSL is told of authorities."""
    file = certificate(tmp_path, "localhost")
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    tls_context.cache_clear()
    yield file
    tls_context.cache_clear()


async def post(client: OutgoingClient, url: str) -> Answer | NoAnswer:
    return await client.ask("POST", url, headers={}, content=[b"{}"], timeout=20, most_read=100)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["1.2", "1.3"])
async def test_one_connection_is_asked_again(trusted, version):
    """What TLS says of itself between two answers, such as its tickets, is no end of it."""
    client = OutgoingClient()
    async with serving(trusted, version) as (url, asked):
        answers = [await post(client, url) for _ in range(6)]
        await client.close()

    assert [(answer.status, answer.body) for answer in answers if isinstance(answer, Answer)] == [(200, b"{}")] * 6
    assert asked == [6]


@pytest.mark.parametrize("name", ["localhost", "elsewhere.example"])
async def test_a_certificate_of_somebody_else_is_not_believed(trusted, tmp_path, monkeypatch, name):
    """Signed by nobody that is trusted, or trusted and of another name: nothing is written."""
    own = tmp_path / "own"
    own.mkdir()
    other = certificate(own, name)
    if name != "localhost":
        monkeypatch.setenv("SSL_CERT_FILE", str(other))
    client = OutgoingClient()
    async with serving(other) as (url, asked):
        answer = await post(client, url)
        await client.close()

    assert isinstance(answer, NoAnswer)
    assert (answer.kind, answer.was_written) == ("not_connected", False)
    assert "certificate" in answer.detail.lower()
    assert sum(asked) == 0
