"""Modbus TCP security: a certificate made by OpenSSL, checked as the address says; answers split over TLS records."""

import asyncio
import shutil
import ssl
import struct
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from evtech.errors import CannotConnectError, InputError
from evtech.links.address import parse_address
from evtech.links.link import Table
from evtech.links.opening import make_link


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    if shutil.which("openssl") is None:
        pytest.skip("openssl is missing")
    key, file = tmp_path / "key.pem", tmp_path / "cert.pem"
    words = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    subprocess.run(
        ["openssl", "req", *words, *names, "-keyout", str(key), "-out", str(file)], check=True, capture_output=True
    )
    return file, key


@pytest.fixture
async def port(certificate: tuple[Path, Path]) -> AsyncIterator[int]:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readexactly(7)
                pdu = await reader.readexactly(struct.unpack(">H", head[4:6])[0] - 1)
                count = pdu[3] << 8 | pdu[4]
                answer = head[:4] + struct.pack(f">HBBB{count}H", 3 + 2 * count, head[6], 3, 2 * count, *range(count))
                for part in (answer[:5], answer[5:9], answer[9:]):  # each write is a TLS record of its own
                    writer.write(part)
                    await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    server = await asyncio.start_server(talk, "127.0.0.1", 0, ssl=context)
    yield server.sockets[0].getsockname()[1]
    server.close()


async def test_an_answer_over_tls_records_is_put_together(port: int, certificate: tuple[Path, Path]) -> None:
    link = make_link(parse_address(f"tls://localhost:{port}?unit=1&ca={certificate[0]}"))
    await link.open()
    try:
        assert (await link.read(1, Table.HOLDING, 0, 3)).words == (0, 1, 2)
    finally:
        await link.close()


async def test_a_certificate_that_nobody_vouches_for_is_refused(port: int) -> None:
    with pytest.raises(CannotConnectError, match="TLS handshake failed") as caught:
        await make_link(parse_address(f"tls://localhost:{port}")).open()
    assert "ca=" in caught.value.hint


async def test_another_host_name_is_refused(port: int, certificate: tuple[Path, Path]) -> None:
    with pytest.raises(CannotConnectError, match="TLS handshake failed"):
        await make_link(parse_address(f"tls://127.0.0.1:{port}?ca={certificate[0]}")).open()


def test_a_file_that_is_no_certificate_says_so(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("no certificate")

    with pytest.raises(InputError, match="TLS files"):
        make_link(parse_address(f"tls://localhost?ca={tmp_path}/ca.pem"))
