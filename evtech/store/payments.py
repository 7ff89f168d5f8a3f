"""How sessions were paid, where somebody tells it: the session itself, or a bill or a list that tells it too."""

import json
from typing import TYPE_CHECKING

from evtech.store import imports
from evtech.store.session_list import not_withdrawn

if TYPE_CHECKING:
    from evtech.store.archive import Archive


def payments(archive: "Archive", start: float, end: float) -> dict[str, str]:
    """Return the payment methods (``records.ChargingSession``) of sessions that began in [start, end), by their ids."""
    with archive.reading() as connection:
        seen, values = not_withdrawn(connection, imports.hidden(connection))
        rows = connection.exec_driver_sql(
            f"SELECT id, body FROM charging_session WHERE started >= ? AND started < ? AND body LIKE ?{seen}",
            (start, end, '%"payment_method": "%', *values),
        )
        found = {str(row[0]): str(json.loads(row[1]).get("payment_method") or "") for row in rows}
        told = {twin.of: method for key, twin in imports.twins(connection).items() if (method := found.get(key))}
    return {key: method for key, method in ({key: told[key] for key in told if key} | found).items() if method}
