"""What is left out before a visit is handed over: names, cards, addresses, remarks, attachments.

Left out means gone from the file: replaced by an empty text or a mark, never hidden. Keys that hold such things are
known; sentences (why a link was lost, a remark) are searched for the visit's own names and for what looks like an
address.
"""

import base64
import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from evtech.measure.sample import Quality
from evtech.store.chunks import pack
from evtech.store.fleet import KINDS

MARK = "[left out]"
PARTS = ("names", "tokens", "addresses", "notes", "attachments")
_TOKEN_KEYS = frozenset(
    {"token", "user_id", "rfid_tag", "uid", "cdr_token", "id_tag", "contract_id", "identification_data"}
)
_ADDRESS_KEYS = frozenset({"link", "address", "host", "port_path", "location", "coordinates"})
_NAME_KEYS = frozenset({"technician", "customer", "driver", "name_of_customer", "site"})
_NOTE_KEYS = frozenset({"notes", "note", "purpose"})
TOKEN_POINTS = frozenset({"rfid_tag", "user_id"})
# columns in which a sentence may say what a key of its own says elsewhere, such as why a link was lost
_FREE = {
    "visit": ("purpose", "notes"), "visit_correction": ("value",), "gap": ("reason",), "event": ("details",),
    "charging_session": ("body", "charger"), "session_correction": ("value", "reason"), "result": ("title", "body"),
    "attachment": ("name",),
}  # fmt: skip
_JSON = ("body", "details")
_NO_SENTENCE = frozenset({"firmware_version", "software", "version", "schema", "id"})  # 1.2.3.4 may be a firmware
ADDRESSES = (
    re.compile(r"(?<![\d.])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?![\d.])"),  # IPv4
    re.compile(r"(?<![\w:])(?:[0-9a-fA-F]{2}[:-]){5}[0-9a-fA-F]{2}(?![\w:])"),  # MAC
    re.compile(
        r"(?<![\w:.])(?=[0-9a-fA-F:]*::|(?:[0-9a-fA-F]+:){7})[0-9a-fA-F]{0,4}(?::[0-9a-fA-F]{0,4}){2,7}(?![\w:])"
    ),
    re.compile(r"(?<=://)[^\s/?#\"']*[^\s/?#\"'.,;:)\]]"),  # host and port, with user and password
    re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"),  # e-mail
)


def without_addresses(text: str, mark: str = MARK) -> str:
    """Return a text with a mark for everything that looks like an address of a device or a person."""
    for place in ADDRESSES:
        text = place.sub(mark, text)
    return text


def without_words(text: str, words: Iterable[str], mark: str = MARK) -> str:
    """Return a text with a mark for each of these words, in any case, also as JSON writes them."""
    forms = {form for word in words if word for form in (word, json.dumps(word)[1:-1])}
    if not forms:
        return text
    pattern = "|".join(re.escape(form) for form in sorted(forms, key=len, reverse=True))
    return re.sub(rf"(?<!\w)(?:{pattern})(?!\w)", mark, text, flags=re.IGNORECASE)


def redactor(
    parts: Iterable[str], token_points: set[int], token_places: dict[str, set[int]], known: Mapping[str, set[str]]
) -> Callable[[str, dict[str, Any]], dict[str, Any] | None]:
    """Return what changes or drops each row.

    ``token_points`` are ids of points that hold cards or users, ``token_places`` their places in a recording's rows.
    ``known`` are the visit's own ``names`` and ``addresses``: they are looked for in every sentence.
    """
    chosen = frozenset(parts)
    keys = frozenset().union(
        _TOKEN_KEYS if "tokens" in chosen else (),
        _ADDRESS_KEYS if "addresses" in chosen else (),
        _NAME_KEYS if "names" in chosen else (),
        _NOTE_KEYS if "notes" in chosen else (),
    )

    words = [word for part, found in known.items() if part in chosen for word in found if len(word) >= 3]

    def scrub(text: str) -> str:
        text = without_words(text, words)
        return without_addresses(text) if "addresses" in chosen else text

    def redact(table: str, row: dict[str, Any]) -> dict[str, Any] | None:
        if table == "attachment" and "attachments" in chosen:
            return None
        if table == "chunk" and row["point_id"] in token_points and "tokens" in chosen:
            empty = pack([None] * row["n"], [Quality.MISSING.value] * row["n"])
            return row | {"vmin": None, "vmax": None, "vmean": None, "data": base64.b64encode(empty).decode("ascii")}
        if table == "visit_correction" and row["field"] in keys:
            return None
        if table == "event" and row["kind"] == "note" and "notes" in chosen:
            return None
        if table == "result" and row["kind"] in KINDS:
            if scrub(row["title"]) != row["title"]:  # a port named by an address or a name is nobody's any more
                return None
            row = row | {"body": _port_body(row["body"], chosen)}
        if table == "tail" and "tokens" in chosen:
            return row | {"body": _without(row["body"], token_places.get(row["recording_id"], set()))}
        changed = {name: _cleared(name, value, keys) for name, value in row.items()}
        for name in _JSON:
            if isinstance(changed.get(name), str):
                changed[name] = json.dumps(_clean(json.loads(changed[name]), keys, scrub), ensure_ascii=False)
        for name in _FREE.get(table, ()):
            if name not in _JSON and isinstance(changed[name], str):
                changed[name] = scrub(changed[name])
        return changed

    return redact


def _port_body(text: str, chosen: frozenset[str]) -> str:
    """Return what was said of a port without what is left out: a mark would be taken for the port's site."""
    gone = {"names": ("site",), "notes": ("evidence", "reason")}
    body = json.loads(text)
    said = body.get("says")
    for part in chosen & gone.keys() if isinstance(said, dict) else ():
        for name in gone[part]:
            said.pop(name, None)
    return json.dumps(body, ensure_ascii=False)


def _without(body: str, places: set[int]) -> str:
    """Return a poll's row with the values at these places missing."""
    cells = [None if place in places else cell for place, cell in enumerate(json.loads(body))]
    return json.dumps(cells, separators=(",", ":"))


def _cleared(name: str, value: Any, keys: frozenset[str]) -> Any:
    return MARK if name in keys and isinstance(value, str) and value else value


def _clean(value: Any, keys: frozenset[str], scrub: Callable[[str], str]) -> Any:
    """Return a JSON value with everything under the named keys replaced, and sentences scrubbed."""
    if isinstance(value, dict):
        return {
            k: _gone(v) if k in keys else v if k in _NO_SENTENCE else _clean(v, keys, scrub) for k, v in value.items()
        }
    if isinstance(value, str):
        return scrub(value)
    return [_clean(v, keys, scrub) for v in value] if isinstance(value, list) else value


def _gone(value: Any) -> Any:
    if isinstance(value, list):
        return []
    return MARK if value not in (None, "") and not isinstance(value, bool) else value
