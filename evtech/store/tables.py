"""The tables of an archive. Facts are inserted once; only ``tail`` and ``open_session`` change in place.

Times are seconds since 1970 in UTC. The views are for people with any SQLite tool.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)

metadata = MetaData()
BIG = BigInteger().with_variant(Integer, "sqlite")  # points' ids have 46 bits; SQLite keeps them as row numbers

visit = Table(
    "visit",
    metadata,
    Column("id", String, primary_key=True),
    Column("started", Float, nullable=False),
    Column("site", Text, nullable=False),
    Column("technician", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("notes", Text, nullable=False),
    Column("simulated", Boolean, nullable=False),
)
visit_correction = Table(
    "visit_correction",
    metadata,
    Column("id", String, primary_key=True),
    Column("visit_id", ForeignKey("visit.id"), nullable=False, index=True),
    Column("at", Float, nullable=False),
    Column("field", String, nullable=False),
    Column("value", Text, nullable=False),
)
recording = Table(
    "recording",
    metadata,
    Column("id", String, primary_key=True),
    Column("visit_id", ForeignKey("visit.id"), nullable=False, index=True),
    Column("started", Float, nullable=False),
    Column("interval_s", Float, nullable=False),
    Column("profile", String, nullable=False),
    Column("vendor", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("serial_number", Text),
    Column("firmware_version", Text),
    Column("link", Text, nullable=False),
)
point = Table(
    "point",
    metadata,
    Column("id", BIG, primary_key=True),
    Column("recording_id", ForeignKey("recording.id"), nullable=False),
    Column("position", Integer, nullable=False),
    Column("name", String, nullable=False),
    Column("unit", String, nullable=False),
    Index("point_by_recording", "recording_id", "position", unique=True),
)
tail = Table(
    "tail",
    metadata,
    Column("id", BIG, primary_key=True),
    Column("recording_id", ForeignKey("recording.id"), nullable=False),
    Column("t", Float, nullable=False),
    Column("body", Text, nullable=False),
    Index("tail_by_recording", "recording_id", "t"),
)
chunk = Table(
    "chunk",
    metadata,
    Column("id", BIG, primary_key=True),
    Column("point_id", BIG, ForeignKey("point.id"), nullable=False),
    Column("t0", Float, nullable=False),
    Column("t1", Float, nullable=False),
    Column("n", Integer, nullable=False),
    Column("vmin", Float),
    Column("vmax", Float),
    Column("vmean", Float),
    Column("data", LargeBinary, nullable=False),
    # extremes lie in the index: an overview touches no packed data
    Index("chunk_by_point", "point_id", "t0", "t1", "n", "vmin", "vmax", "vmean"),
)
chunk_time = Table(
    "chunk_time",
    metadata,
    Column("id", BIG, primary_key=True),
    Column("recording_id", ForeignKey("recording.id"), nullable=False),
    Column("t0", Float, nullable=False),
    Column("t1", Float, nullable=False),
    Column("n", Integer, nullable=False),
    Column("data", LargeBinary, nullable=False),
    Index("chunk_time_by_recording", "recording_id", "t0"),
)
gap = Table(
    "gap",
    metadata,
    Column("id", String, primary_key=True),
    Column("recording_id", ForeignKey("recording.id"), nullable=False, index=True),
    Column("t0", Float, nullable=False),
    Column("t1", Float, nullable=False),
    Column("reason", Text, nullable=False),
)
event = Table(
    "event",
    metadata,
    Column("id", String, primary_key=True),
    Column("recording_id", ForeignKey("recording.id"), nullable=False),
    Column("t", Float, nullable=False),
    Column("kind", String, nullable=False),
    Column("details", Text, nullable=False),
    Index("event_by_recording", "recording_id", "t"),
)
SESSION_COLUMNS = (  # since format 2: what lists and insights need of the body
    Column("visit_id", String, nullable=False, server_default=""),
    Column("port", Text, nullable=False, server_default=""),
    Column("profile", String, nullable=False, server_default=""),
    Column("peak_power_w", Float),
    Column("charging_s", Float, nullable=False, server_default="0"),
    Column("energy_started", Float),
    Column("energy_ended", Float),
    Column("authorised", Float),
    Column("auth_ok", Boolean),
    Column("token", Text),
    Column("stop_reason", String),
    Column("error_code", String),
    Column("gaps", Integer, nullable=False, server_default="0"),
    Column("simulated", Boolean, nullable=False, server_default="0"),
    Column("source", String, nullable=False, server_default="recorded"),
    Column("search", Text, nullable=False, server_default=""),
)
charging_session = Table(
    "charging_session",
    metadata,
    Column("id", String, primary_key=True),
    Column("recording_id", ForeignKey("recording.id"), nullable=False),
    Column("started", Float, nullable=False, index=True),
    Column("ended", Float),
    Column("energy_wh", Float),
    Column("charger", Text, nullable=False),
    *SESSION_COLUMNS,
    Column("body", Text, nullable=False),
    # all a list shows lies in the index: a year of sessions is listed without touching their bodies
    Index(
        "charging_session_lines", "started", "id", "recording_id", "ended", "charger", "energy_wh",
        *(column.name for column in SESSION_COLUMNS if column.name != "search"),
    ),
)  # fmt: skip
open_session = Table(
    "open_session",
    metadata,
    Column("id", String, primary_key=True),
    Column("recording_id", ForeignKey("recording.id"), nullable=False),
    Column("updated", Float, nullable=False),
    Column("owner", Integer, nullable=False),
    Column("body", Text, nullable=False),
)
result = Table(  # since format 2
    "result",
    metadata,
    Column("id", String, primary_key=True),
    Column("kind", String, nullable=False),
    Column("at", Float, nullable=False),
    Column("visit_id", String, index=True),
    Column("session_id", String, index=True),
    Column("recording_id", String),
    Column("title", Text, nullable=False),
    Column("verdict", String),
    Column("replaces", String),
    Column("body", Text, nullable=False),
    Index("result_by_kind", "kind", "at"),
)
attachment = Table(  # since format 2: photographs, source files
    "attachment",
    metadata,
    Column("id", String, primary_key=True),
    Column("at", Float, nullable=False),
    Column("visit_id", String, index=True),
    Column("session_id", String, index=True),
    Column("result_id", String, index=True),
    Column("name", Text, nullable=False),
    Column("media_type", String, nullable=False),
    Column("sha256", String, nullable=False),
    Column("data", LargeBinary, nullable=False),
)
session_correction = Table(  # since format 2
    "session_correction",
    metadata,
    Column("id", String, primary_key=True),
    Column("session_id", String, nullable=False, index=True),
    Column("at", Float, nullable=False),
    Column("technician", Text, nullable=False),
    Column("field", String, nullable=False),
    Column("value", Text, nullable=False),
    Column("reason", Text, nullable=False),
)

write_audit = Table(
    "write_audit",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("id", String, nullable=False, unique=True),
    Column("at", Float, nullable=False),
    Column("body", Text, nullable=False),
    Column("chain", String, nullable=False),
)

archive_identity = Table(
    "archive_identity", metadata, Column("id", String, primary_key=True)
)  # since format 2: one row

# SQLite alone: an index of PostgreSQL refuses texts as long as these may be
SEARCH_INDEX = "CREATE INDEX charging_session_search ON charging_session (search, id)"
RESULT_ROWS = """CREATE VIEW result_rows AS
       SELECT id, kind, strftime('%Y-%m-%dT%H:%M:%SZ', at, 'unixepoch') AS time, title, verdict, visit_id, session_id
       FROM result"""
VIEWS = (  # and what else SQLite alone has
    """CREATE VIEW sample_rows AS
       SELECT tail.recording_id, strftime('%Y-%m-%dT%H:%M:%fZ', tail.t, 'unixepoch') AS time, point.name,
              point.unit,
              CASE json_each.type WHEN 'object' THEN json_extract(json_each.value, '$.v')
              ELSE json_each.value END AS value
       FROM tail JOIN json_each(tail.body) JOIN point
         ON point.recording_id = tail.recording_id AND point.position = json_each.key""",
    """CREATE VIEW chunk_overview AS
       SELECT point.recording_id, point.name, point.unit,
              strftime('%Y-%m-%dT%H:%M:%fZ', chunk.t0, 'unixepoch') AS first,
              strftime('%Y-%m-%dT%H:%M:%fZ', chunk.t1, 'unixepoch') AS last,
              chunk.n, chunk.vmin, chunk.vmax, chunk.vmean
       FROM chunk JOIN point ON point.id = chunk.point_id""",
    """CREATE VIEW session_rows AS
       SELECT id, strftime('%Y-%m-%dT%H:%M:%SZ', started, 'unixepoch') AS started,
              strftime('%Y-%m-%dT%H:%M:%SZ', ended, 'unixepoch') AS ended, energy_wh, charger FROM charging_session""",
    RESULT_ROWS,
    SEARCH_INDEX,
)
