"""Tells a team archive's address from a file's name; apart, so that opening a file loads nothing of the server's."""


def is_team(text: str) -> bool:
    """Return whether an archive's name is the address of a PostgreSQL server."""
    return text.startswith(("postgresql://", "postgresql+psycopg://"))
