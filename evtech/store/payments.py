"""How sessions were paid, where somebody tells it: the session itself, or a bill or a list that tells it too."""

import json
from typing import TYPE_CHECKING

from evtech.store import imports
from evtech.store.session_list import not_withdrawn

if TYPE_CHECKING:
    from evtech.store.archive import Archive


DAY_S = 86400.0


def payments(archive: "Archive", start: float, end: float) -> dict[str, str]:
    """Return the payment methods (``records.ChargingSession``) of sessions that began in [start, end), by their ids.

    Another source may tell the same session with a beginning of its own: those of a day around are looked at too.
    """
    with archive.reading() as connection:
        seen, values = not_withdrawn(connection, imports.hidden(connection))
        rows = connection.exec_driver_sql(
            f"SELECT id, body FROM charging_session WHERE started >= ? AND started < ? AND body LIKE ?{seen}",
            (start - DAY_S, end + DAY_S, '%"payment_method": "%', *values),
        )
        found = {str(row[0]): str(method) for row in rows if (method := json.loads(row[1]).get("payment_method"))}
        twins = imports.twins(connection).items()
    return {twin.of: found[key] for key, twin in twins if twin.of and key in found} | found
