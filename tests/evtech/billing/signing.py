"""Signs records of every format for the tests, from the byte layouts and not through the code under test.

Only the curve's group arithmetic is shared with the project; it has known answers of its own.
"""

import base64
import hashlib
import json
import struct
from dataclasses import dataclass
from functools import cache
from typing import Any

from evtech.billing.curves import Curve, find_curve

SECRET = 0x1F3A5C7E9B2D4F6081A3C5E7092B4D6F8193B5D7

_OIDS = {
    "secp192k1": "06052b8104001f",
    "secp192r1": "06082a8648ce3d030101",
    "secp256k1": "06052b8104000a",
    "secp256r1": "06082a8648ce3d030107",
    "secp384r1": "06052b81040022",
    "brainpool256r1": "06092b2403030208010107",
    "brainpool384r1": "06092b240303020801010b",
}


@dataclass(frozen=True)
class Signer:
    """A key pair on one curve, and its public half in all written forms."""

    curve: Curve
    secret: int = SECRET

    @property
    def public(self) -> tuple[int, int]:
        return _public(self.curve, self.secret)

    def numbers(self, data: bytes) -> tuple[int, int]:
        """Return r and s over the SHA-256 of the data."""
        curve = self.curve
        digest = hashlib.sha256(data).digest()
        e = int.from_bytes(digest, "big") >> max(0, 256 - curve.n.bit_length())
        k = int.from_bytes(hashlib.sha512(data + b"nonce").digest(), "big") % (curve.n - 1) + 1
        point = curve.multiply(k, (curve.gx, curve.gy))
        assert point is not None
        r = point[0] % curve.n
        return r, pow(k, -1, curve.n) * (e + r * self.secret) % curve.n

    def der(self, data: bytes) -> bytes:
        body = b"".join(_integer(number) for number in self.numbers(data))
        return b"\x30" + _length(len(body)) + body

    def raw(self, data: bytes) -> bytes:
        size = self.curve.size
        return b"".join(number.to_bytes(size, "big") for number in self.numbers(data))

    @property
    def x_y(self) -> bytes:
        return b"".join(part.to_bytes(self.curve.size, "big") for part in self.public)

    @property
    def compressed(self) -> bytes:
        x, y = self.public
        return bytes([2 + y % 2]) + x.to_bytes(self.curve.size, "big")

    @property
    def spki(self) -> bytes:
        algorithm = bytes.fromhex("06072a8648ce3d0201" + _OIDS[self.curve.name])
        bits = b"\x00\x04" + self.x_y
        body = b"\x30" + _length(len(algorithm)) + algorithm + b"\x03" + _length(len(bits)) + bits
        return b"\x30" + _length(len(body)) + body

    @property
    def pem(self) -> str:
        return f"-----BEGIN PUBLIC KEY-----\n{base64.encodebytes(self.spki).decode()}-----END PUBLIC KEY-----\n"


def signer(name: str = "secp256r1", secret: int = SECRET) -> Signer:
    curve = find_curve(name)
    assert curve is not None
    return Signer(curve, secret)


@cache
def _public(curve: Curve, secret: int) -> tuple[int, int]:
    point = curve.multiply(secret, (curve.gx, curve.gy))
    assert point is not None
    return point


def _integer(number: int) -> bytes:
    raw = number.to_bytes(number.bit_length() // 8 + 1, "big")
    return b"\x02" + _length(len(raw)) + raw


def _length(count: int) -> bytes:
    return bytes([count]) if count < 128 else bytes([0x81, count])


# --- OCMF -----------------------------------------------------------------------------------------------------------

BEGIN: dict[str, Any] = {
    "TM": "2026-03-02T08:00:00,000+0100 S", "TX": "B", "RV": 310.25, "RI": "1-0:1.8.0", "RU": "kWh", "RT": "AC",
    "EF": "", "ST": "G",
}  # fmt: skip
END: dict[str, Any] = BEGIN | {"TM": "2026-03-02T09:30:00,000+0100 S", "TX": "E", "RV": 321.75}


def payload(*readings: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """Return an OCMF payload; a field set to ``None`` is left out."""
    whole = {
        "FV": "1.0", "GI": "Box", "GS": "G-77", "GV": "3.1", "PG": "T5", "MV": "Maker", "MM": "M1", "MS": "M-0815",
        "IS": True, "IL": "VERIFIED", "IF": [], "IT": "ISO14443", "ID": "0A0B0C0D",
        "RD": list(readings or (BEGIN, END)),
    } | fields  # fmt: skip
    return {name: value for name, value in whole.items() if value is not None}


def ocmf(content: dict[str, Any] | str | None = None, by: Signer | None = None, **signature: Any) -> bytes:
    """Return a signed record; ``signature`` adds fields of the signature section or, with ``None``, drops them."""
    by = by or signer()
    text = content if isinstance(content, str) else json.dumps(content or payload())
    fields = {"SA": f"ECDSA-{by.curve.name}-SHA256", "SD": by.der(text.encode()).hex()} | signature
    kept = {name: value for name, value in fields.items() if value is not None}
    return f"OCMF|{text}|{json.dumps(kept)}".encode()


def container(*values: tuple[str, str, str | None], root: str = "values") -> bytes:
    """Return the XML container of (context, signed data, key)."""
    rows = []
    for context, data, key in values:
        escaped = data.replace("&", "&amp;").replace("<", "&lt;")
        key_row = f"<publicKey>{key}</publicKey>" if key is not None else ""
        rows.append(f'<value transactionId="9" context="{context}"><signedData>{escaped}</signedData>{key_row}</value>')
    return f'<?xml version="1.0"?><{root}>{"".join(rows)}</{root}>'.encode()


# --- the other formats ----------------------------------------------------------------------------------------------

SERVER = bytes.fromhex("0901455654000000a1b2")
NOON = 1_772_452_800
"""2026-03-02 12:00 UTC."""


def alfen(kind: str, watt_hours: int, seconds: int, page: int, by: Signer | None = None) -> str:
    by = by or signer("secp192r1")
    data = b"ADAPTER-01" + b"\x01\x02\x03\x04" + b"\xab\xcd" + SERVER + struct.pack("<III", 0, 42, NOON + seconds)
    data += bytes.fromhex("0100010800ff") + struct.pack("<Bbq", 30, 0, watt_hours)
    data += b"04AABBCC".ljust(20, b"\0") + struct.pack("<II", 7, page)
    assert len(data) == 82
    parts = (base64.b32encode(part).decode() for part in (by.compressed, data, by.raw(data)))
    return f"AP;{kind};3;{';'.join(parts)};"


def pcdf(by: Signer | None = None, **changes: str) -> bytes:
    by = by or signer()
    fields = {
        "ST": "260302080000", "CT": "260302093000", "CD": "013000", "TV": "1", "BV": "1", "CSC": "9", "SP": "1",
        "RV": "0011.500*kWh", "SI": "77*1*f00d", "CS": "513f627b", "HW": "00012345678", "DT": "0",
        "PK": (b"\x04" + by.x_y).hex(),
    } | changes  # fmt: skip
    text = "128.8.0" + "".join(f"({name}:{value})" for name, value in fields.items())
    return f"{text}(SG:{by.der(text.encode()).hex()})".encode()


def edl_block(*, value: int, time: int, page: int, log: bytes, contract: bytes, contract_time: int, status: int = 8,
              obis: str = "0100011100ff") -> bytes:  # fmt: skip
    block = SERVER + struct.pack("<IBII", time, status, 900 + page, page) + bytes.fromhex(obis)
    block += struct.pack("<Bbq", 30, -1, value) + log + contract.ljust(128, b"\0") + struct.pack("<I", contract_time)
    return block.ljust(320, b"\0")


def mennekes(by: Signer | None = None, wrapped: bool = False, status: int = 264, block_status: int = 8) -> bytes:
    by = by or signer("secp192r1")
    contract = bytes.fromhex("0473a44a3f3e80")
    rows = []
    for tag, value, minute, page in (("MeasurementStart", 314940, 0, 80), ("MeasurementEnd", 429940, 30, 81)):
        local = NOON + 60 * minute + 3600  # the clock shows UTC+1
        block = edl_block(
            value=value,
            time=local,
            page=page,
            log=b"\x01\xa6",
            contract=contract,
            contract_time=NOON + 3600,
            status=block_status,
        )
        rows.append(
            f"<{tag}><Timestamp>2026-03-02T13:{minute:02d}:00+01:00</Timestamp>"
            f"<Signature>{by.raw(block).hex()}</Signature><EventCounter>422</EventCounter><MeterStatus>{status}</MeterStatus>"
            f"<Value>{value}</Value><Scaler>-1</Scaler><Pagination>{page}</Pagination>"
            f"<SecondIndex>{900 + page}</SecondIndex></{tag}>"
        )
    start = rows[0].split("<Timestamp>")[1].split("</Timestamp>")[0]
    process = (
        f"<ChargingProcess xmlns='urn:x'><ServerId>{SERVER.hex()}</ServerId><PublicKey>{by.x_y.hex()}</PublicKey>"
        f"<CustomerIdent>{contract.hex()}</CustomerIdent><TimestampCustomerIdent>{start}</TimestampCustomerIdent>"
        f"{''.join(rows)}</ChargingProcess>"
    )
    return (f"<Billing>{process}</Billing>" if wrapped else process).encode()


def edl40_sig(value: int, page: int, by: Signer | None = None, log: bytes = b"\x00\x1a") -> str:
    by = by or signer("secp192r1")
    block = edl_block(value=value, time=NOON + page, page=page, log=log, contract=b"CARD", contract_time=NOON)
    key, signature, data = (base64.b64encode(part).decode() for part in (by.x_y, by.raw(block) + log, block))
    return (
        f'<signedMeterValue><publicKey encoding="base64">{key}</publicKey>'
        f'<meterValueSignature encoding="base64">{signature}</meterValueSignature>'
        f'<encodedMeterValue encoding="base64">{data}</encodedMeterValue></signedMeterValue>'
    )


def octets(raw: bytes) -> bytes:
    """Return an SML octet string."""
    size = len(raw) + 1
    if size < 16:
        return bytes([size]) + raw
    size += 1
    return bytes([0x80 | size >> 4, size & 0x0F]) + raw


def unsigned(number: int, size: int) -> bytes:
    return bytes([0x61 + size]) + number.to_bytes(size, "big")


def signed(number: int, size: int) -> bytes:
    return bytes([0x51 + size]) + number.to_bytes(size, "big", signed=True)


def sml_list(*items: bytes) -> bytes:
    return bytes([0x70 + len(items)]) + b"".join(items)


NONE = b"\x01"


def sml_time(seconds: int, offset: int = 0, season: int = 0) -> bytes:
    return sml_list(unsigned(3, 1), sml_list(unsigned(seconds, 4), signed(offset, 2), signed(season, 2)))


def sml_file(name: bytes, time: bytes, entries: list[bytes], signature: bytes) -> bytes:
    """Return an SML file with one GetList response."""
    content = sml_list(NONE, octets(SERVER), octets(name), time, sml_list(*entries), octets(signature), NONE)
    body = sml_list(unsigned(0x0701, 4), content)
    message = sml_list(octets(b"9"), unsigned(0, 1), unsigned(0, 1), body, b"\x63\x12\x34", b"\x00")
    return bytes.fromhex("1b1b1b1b01010101") + message + bytes.fromhex("1b1b1b1b1a00abcd")


def entry(name: str, status: bytes = NONE, time: bytes = NONE, unit: bytes = NONE, scaler: bytes = NONE,
          value: bytes = NONE, signature: bytes = NONE) -> bytes:  # fmt: skip
    return sml_list(octets(bytes.fromhex(name)), status, time, unit, scaler, value, signature)


def edl40(value: int, page: int, by: Signer | None = None, status: int = 8, block_status: int | None = None) -> bytes:
    by = by or signer("secp192r1")
    log, time = b"\x06\x00", NOON + page
    block = edl_block(
        value=value, time=time + 3600, page=page, log=log, contract=b"62487887", contract_time=NOON + 3600,
        status=status & 0xFF if block_status is None else block_status,
    )  # fmt: skip
    entries = [
        entry(
            "0100011100ff", unsigned(status, 4), sml_time(time, 60), unsigned(30, 1), signed(-1, 1), signed(value, 8)
        ),
        entry("810060080001", value=sml_list(unsigned(1, 1), sml_list(unsigned(1, 1), unsigned(900 + page, 4)))),
        entry("8180817101ff", value=unsigned(page, 4)),
        entry("8182815401ff", time=sml_time(NOON, 60), value=octets(b"62487887")),
    ]
    return sml_file(bytes.fromhex("0100011100ff"), NONE, entries, by.raw(block) + log)


def isa_edl40(value: int, kind: int, page: int, by: Signer | None = None) -> bytes:
    by = by or signer()
    name, log = bytes([0x81, 0x80, 0x81, 0x62, kind, 0xFF]), b"\x00\xa3"
    inner, esth, contract = bytes(range(66)), bytes(range(20)), b"CONTRACT".ljust(128, b"\0")
    now, began, start_value = NOON + 600 + 7200, NOON + 7200, 5000
    actual = bytes.fromhex("0100010800ff") + struct.pack("<Bbq", 30, -1, value)
    start = bytes.fromhex("010001080080") + struct.pack("<Bbq", 30, -1, start_value)
    block = SERVER + struct.pack("<IB", now, 0x18) + actual + log + inner + contract + struct.pack("<I", began)
    block = (block + esth + b"\x18" + start + name + struct.pack("<I", page)).ljust(320, b"\0")

    def stamp(seconds: int) -> bytes:
        return sml_list(unsigned(2, 1), unsigned(seconds, 4))

    def register(obis: str, when: int, number: int, sign: bytes = NONE) -> bytes:
        return entry(
            obis, unsigned(0x40000000018, 8), stamp(when), unsigned(30, 1), signed(-1, 1), signed(number, 8), sign
        )

    entries = [
        entry("8182815401ff", time=sml_time(NOON, 60, 60), value=octets(contract)),
        register("010001080080", began, start_value),
        entry("8180c7f040ff", value=unsigned(page, 4)),
        entry("8180816101ff", value=octets(esth)),
        register("0100010800ff", now, value, octets(inner)),
    ]
    return sml_file(name, sml_time(NOON + 601, 60, 60), entries, by.raw(block) + log)


def chargeit_emh(by: Signer | None = None) -> dict[str, Any]:
    by = by or signer("secp192r1")
    items = []
    for value, second, page in ((1000, 0, 0x20), (126000, 5400, 0x21)):
        local = {"timestamp": NOON + second, "localOffset": 60, "seasonOffset": 0}
        block = edl_block(
            value=value, time=NOON + second + 3600, page=page, log=b"\x00\x04", contract=b"235DD5BB",
            contract_time=NOON - 20 + 3600,
        )  # fmt: skip
        items.append({
            "timestamp": NOON + second,
            "meterInfo": {"meterId": SERVER.hex().upper(), "publicKey": by.x_y.hex(), "manufacturer": "EMH"},
            "transactionId": "77",
            "contract": {"id": "235DD5BB", "timestampLocal": local | {"timestamp": NOON - 20}},
            "measurementId": f"{page:08X}",
            "measuredValue": {"timestampLocal": local, "value": str(value), "scale": -1, "unitEncoded": 30},
            "measurand": {"id": "0100011100FF"},
            "additionalInfo": {"status": "08", "indexes": {"timer": 900 + page, "logBook": "0004"}},
            "signature": by.raw(block).hex(),
        })  # fmt: skip
    return {"signedMeterValues": items}


def chargeit_bsm(by: Signer | None = None) -> dict[str, Any]:
    by = by or signer()
    items = []
    for energy, second, count in ((0, 0, 10), (1150, 5400, 11)):
        rows: list[tuple[str, str, Any, int, int]] = [
            ("Typ", "", 3 if second == 0 else 4, 0, 255),
            ("RCR", "1-0:1.8.0*198", energy, 1, 30),
            ("TotWhImp", "1-0:1.8.0*255", 76040 + energy, 1, 30),
            ("MA1", "", "001EVT0003", 0, 0),
            ("RCnt", "", count, 0, 255),
            ("Epoch", "", NOON + second, 0, 255),
            ("Meta1", "", "contract-id: rfid:1234", 0, 0),
        ]
        packed = b"".join(
            struct.pack(">I", len(value)) + value.encode() if isinstance(value, str)
            else struct.pack(">IbB", value, scale, unit)
            for _, _, value, scale, unit in rows
        )  # fmt: skip
        items.append({
            "meterInfo": {"meterId": "001EVT0003", "publicKey": by.spki.hex()},
            "contract": {"id": "rfid:1234"},
            "value": {
                "measurand": {"id": "1-0:1.8.0*198", "name": "RCR"},
                "measuredValue": {"value": energy, "scale": 1, "unitEncoded": 30,
                                  "timestampLocal": {"timestamp": NOON + second, "localOffset": 60}},
            },
            "additionalValues": [
                {"measurand": {"id": register, "name": name},
                 "measuredValue": {"value": value, "scale": scale, "unitEncoded": unit,
                                   "valueType": "String" if isinstance(value, str) else "UnsignedInteger32"}}
                for name, register, value, scale, unit in rows
            ],
            "signature": by.der(packed).hex(),
        })  # fmt: skip
    return {"signedMeterValues": items}
