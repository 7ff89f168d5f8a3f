"""What is left out before a visit is handed over: names, cards, addresses, remarks, attachments.

Left out means gone from the file: replaced by an empty text or a mark, never hidden.
"""

import base64
import json
from collections.abc import Callable, Iterable
from typing import Any

from evtech.measure.sample import Quality
from evtech.store.chunks import pack

MARK = "[left out]"
PARTS = ("names", "tokens", "addresses", "notes", "attachments")
_TOKEN_KEYS = frozenset(
    {"token", "user_id", "rfid_tag", "uid", "cdr_token", "id_tag", "contract_id", "identification_data"}
)
_ADDRESS_KEYS = frozenset({"link", "address", "host", "port_path", "location", "coordinates"})
_NAME_KEYS = frozenset({"technician", "customer", "driver", "name_of_customer", "site"})
_NOTE_KEYS = frozenset({"notes", "note"})
TOKEN_POINTS = frozenset({"rfid_tag", "user_id"})


def redactor(
    parts: Iterable[str], token_points: set[int], token_places: dict[str, set[int]]
) -> Callable[[str, dict[str, Any]], dict[str, Any] | None]:
    """Return what changes or drops each row.

    ``token_points`` are ids of points that hold cards or users, ``token_places`` their places in a recording's rows.
    """
    chosen = frozenset(parts)
    keys = frozenset().union(
        _TOKEN_KEYS if "tokens" in chosen else (),
        _ADDRESS_KEYS if "addresses" in chosen else (),
        _NAME_KEYS if "names" in chosen else (),
        _NOTE_KEYS if "notes" in chosen else (),
    )

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
        if table == "tail" and "tokens" in chosen:
            return row | {"body": _without(row["body"], token_places.get(row["recording_id"], set()))}
        changed = {name: _cleared(name, value, keys) for name, value in row.items()}
        for name in ("body", "details"):
            if isinstance(changed.get(name), str):
                changed[name] = json.dumps(_clean(json.loads(changed[name]), keys), ensure_ascii=False)
        return changed

    return redact


def _without(body: str, places: set[int]) -> str:
    """Return a poll's row with the values at these places missing."""
    cells = [None if place in places else cell for place, cell in enumerate(json.loads(body))]
    return json.dumps(cells, separators=(",", ":"))


def _cleared(name: str, value: Any, keys: frozenset[str]) -> Any:
    return MARK if name in keys and isinstance(value, str) and value else value


def _clean(value: Any, keys: frozenset[str]) -> Any:
    """Return a JSON value with everything under the named keys replaced."""
    if isinstance(value, dict):
        return {k: _gone(v) if k in keys else _clean(v, keys) for k, v in value.items()}
    return [_clean(v, keys) for v in value] if isinstance(value, list) else value


def _gone(value: Any) -> Any:
    if isinstance(value, list):
        return []
    return MARK if value not in (None, "") and not isinstance(value, bool) else value
