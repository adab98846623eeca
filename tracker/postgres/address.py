"""Addresses of databases: what is connected to, and what may be shown of it."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

from tracker.errors import LogdirError, message

DRIVER = "postgresql+psycopg"
_SECRET = ("password", "passfile", "sslpassword", "sslkey", "service", "options")
"""Of the words behind the question mark: what nobody is shown."""


def parsed(address: str) -> sa.URL:
    """An address, of which the driver may be left out.

    Raises:
        LogdirError: it is none.
    """
    try:
        found = sa.make_url(address)
        if found.drivername in ("postgres", "postgresql"):
            found = found.set(drivername=DRIVER)
    except (sa.exc.ArgumentError, ValueError):  # whose words may hold the password
        found = None
    if found is None or found.drivername != DRIVER or not found.database:
        raise LogdirError(
            message(
                "This is no address of a database that runs can be in.",
                expected=f"{DRIVER}://USER:PASSWORD@HOST:PORT/DATABASE",
                got="something else",
                hint="Characters such as @ and / of a password are written %40 and %2F.",
            )
        )
    return found


def shown(url: sa.URL) -> str:
    """It without what is secret."""
    rest = {name: value for name, value in url.query.items() if name.lower() not in _SECRET}
    plain = sa.URL.create(url.drivername, url.username, None, url.host, url.port, url.database)
    words = "&".join(f"{name}={value}" for name, value in sorted(rest.items()) if isinstance(value, str))
    return plain.render_as_string() + (f"?{words}" if words else "")


def place(url: sa.URL) -> Path:
    """The path that stands for it."""
    return Path(shown(url))
