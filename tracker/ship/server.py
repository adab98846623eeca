"""The store elsewhere, as a shipper asks it: over HTTP, on one connection that is made anew when it breaks."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import time
from dataclasses import fields
from typing import Any
from urllib.parse import quote, urlsplit

from tracker.errors import TrackerError, message
from tracker.store import shipment as shipments
from tracker.store.run_page import RunPage
from tracker.store.shipment import Arrived, Shipment

PATIENCE_S = 30.0
"""For an answer. A server that takes longer is asked again, where it stands: a shipment that it took meanwhile is in
its cursor then."""

LARGE_BYTES = 1 << 20
"""Of a body by which the line is judged: a smaller one is taken by the system at once, whatever becomes of it."""

LONGEST_ANSWER = 1 << 20


class UnreachableError(TrackerError):
    """No answer, or none at the moment: the same may be asked again later.

    Attributes:
        after_s: When, if the server said so.
    """

    def __init__(self, why: str, after_s: float = 0.0) -> None:
        super().__init__(why)
        self.after_s = after_s


class ForbiddenError(TrackerError):
    """The server takes nothing from here: it wants another token."""


class RefusedRowsError(TrackerError):
    """The server does not take this segment."""


class DeletedThereError(RefusedRowsError):
    """The run of this segment was deleted at the server, and not restored."""


class ServerAddressError(TrackerError):
    """What was given is no address of a server."""


class Server:
    """A server that takes runs in.

    Args:
        url: Its address, with the path below which a proxy shows it: `https://host/viz`.
        token: What it wants to be shown; None for none.

    Raises:
        ServerAddressError: `url` is none.
    """

    def __init__(self, url: str, token: str | None) -> None:
        parts = urlsplit(url.strip())
        try:
            port = parts.port
        except ValueError:
            port = -1
        if parts.scheme not in ("http", "https") or not parts.hostname or port == -1 or parts.query or parts.fragment:
            shown = f"{parts.scheme}://{parts.hostname or ''}…" if parts.scheme else url[:80]
            raise ServerAddressError(
                message("This is no address of a server.", expected="https://host or http://host:6006/path", got=shown)
            )
        if parts.username or parts.password:
            raise ServerAddressError(
                message("A server's address holds no password.", hint="Give --token or $VIZ_WRITE_TOKEN.")
            )
        self._secure = parts.scheme == "https"
        self._host, self._port = parts.hostname, port
        self._path = parts.path.rstrip("/")
        self.address = f"{parts.scheme}://{parts.netloc}{self._path}"
        """As it is told to people, and what is remembered of it is called by."""
        self._token = token
        self._line_bytes_s: float | None = None
        """What the line took in a second when something large was sent last."""
        self._run: str | None = None
        self._connection: http.client.HTTPConnection | None = None

    def arrived(self, segment: str, beside: str | None = None) -> Arrived:
        """How far it has a segment, or the copy of one that lies beside another.

        Raises:
            UnreachableError, ForbiddenError, RefusedRowsError: as their names say.
        """
        return self._asked("GET", f"/api/v1/segments/{segment}{f'?beside={beside}' if beside else ''}", None, "")

    def send(
        self, segment: str, shipment: Shipment, beside: str | None = None, *, is_followed: bool = False
    ) -> Arrived:
        """Sends rows; how far it has the segment then, whether it took them or stands elsewhere.

        Args:
            segment: Its name.
            shipment: The rows.
            beside: As of `arrived`.
            is_followed: Whether more is sent at once: the server makes these durable with it.

        Raises:
            UnreachableError, ForbiddenError, RefusedRowsError: as their names say.
        """
        data, compressed = shipments.packed(shipment, self._line_bytes_s)
        kind = f"{shipments.MEDIA_TYPE}{'+zlib' * compressed}"
        place = f"/api/v1/segments/{segment}/rows?after={shipment.after}{f'&beside={beside}' if beside else ''}"
        place += "&more=1" * is_followed
        return self._asked("PUT", place, data, kind)

    def files(self, segment: str) -> dict[str, int]:
        """The files beside a segment that it has, or some of, and how many bytes of each.

        Raises:
            UnreachableError, ForbiddenError, RefusedRowsError: as their names say.
        """
        said = self._json("GET", f"/api/v1/segments/{segment}/files", None, "")
        found = said.get("files")
        if not isinstance(found, dict) or not all(type(size) is int for size in found.values()):
            raise UnreachableError(NOT_OURS)
        return found

    def send_piece(self, segment: str, name: str, at: int, data: bytes, size: int, digest: str) -> int:
        """Sends a piece of such a file; how many of its bytes are there then, whether it was taken or not.

        Raises:
            UnreachableError, ForbiddenError, RefusedRowsError: as their names say.
        """
        path = f"/api/v1/segments/{segment}/files/{quote(name)}?at={at}&size={size}&sha256={digest}"
        said = self._json("PUT", path, data, "application/octet-stream").get("size")
        if type(said) is not int:
            raise UnreachableError(NOT_OURS)
        return said

    def hear(self, standing: dict[str, Any]) -> dict[str, Any]:
        """Says how this machine stands; what its runs are asked, by segment (`commands`), and the tags of which single
        points are wanted (`fresh`, None for all; `demand` names them).

        Raises:
            UnreachableError, ForbiddenError, RefusedRowsError: as their names say.
        """
        body = json.dumps(standing).encode()
        found = self._json("POST", "/api/v1/segments/node", body, "application/json")
        fresh = found.get("fresh")
        is_list = fresh is None or (isinstance(fresh, list) and all(isinstance(tag, str) for tag in fresh))
        if not (is_list and isinstance(found.get("commands"), dict) and isinstance(found.get("demand"), str)):
            raise UnreachableError(NOT_OURS)
        return found

    def begun_by(self) -> str | None:
        """The segment that began the run whose place this is, see `of_run`; None where it has no such run.

        Raises:
            UnreachableError, ForbiddenError, RefusedRowsError: as their names say.
        """
        found = self._json("GET", "/api/v1/segments/run", None, "").get("begun_by", 0)
        if found is not None and not isinstance(found, str):
            raise UnreachableError(NOT_OURS)
        return found

    def say(self, page: RunPage) -> bool:
        """Says what is said of that run on the page elsewhere; whether something was new.

        Raises:
            UnreachableError, ForbiddenError, RefusedRowsError: as their names say.
        """
        body = json.dumps(page._asdict()).encode()
        return self._json("PUT", "/api/v1/segments/run", body, "application/json").get("said") is True

    def of_run(self, name: str) -> Server:
        """The same server on a connection of its own, where segments lie in the folder of a run that is called so, and
        not where they say of themselves that they belong."""
        found = self.another()
        found._run = name
        return found

    def another(self) -> Server:
        """The same server on a connection of its own."""
        return Server(self.address, self._token)

    def _json(self, method: str, path: str, body: bytes | None, kind: str) -> dict[str, Any]:
        """The object that is answered, also where the server stands elsewhere (409)."""
        said = _object(self._checked(method, path, body, kind))
        if said is None:
            raise UnreachableError(NOT_OURS)
        return said

    def _asked(self, method: str, path: str, body: bytes | None, kind: str) -> Arrived:
        return _arrived(self._checked(method, path, body, kind))

    def _checked(self, method: str, path: str, body: bytes | None, kind: str) -> bytes:
        if self._run is not None:
            path += f"{'&' if '?' in path else '?'}run={quote(self._run, safe='')}"
        status, said, headers = self._answer(method, path, body, kind)
        if status in (200, 409):
            return said
        if status in (404, 405):  # also a proxy's page while the server is begun anew
            raise UnreachableError(f"{self.address} receives no runs: it answers {status} ({_reason(said)})")
        why = f"{self.address} answers {status}: {_reason(said)}"
        if status in (404, 405):  # not for good: it may be begun anew, and a proxy's page in its place meanwhile
            raise UnreachableError(f"{self.address} receives no runs: it answers {status} ({_reason(said)})")
        if status == 410:
            raise DeletedThereError(f"{self.address} answers: {_reason(said)}")
        if status in (401, 403):
            raise ForbiddenError(why)
        if status in (400, 413, 415, 422):
            raise RefusedRowsError(why)
        raise UnreachableError(why, _seconds(headers.get("retry-after", "")))

    def _answer(self, method: str, path: str, body: bytes | None, kind: str) -> tuple[int, bytes, dict[str, str]]:
        headers = {"accept": "application/json", "content-type": kind} if body is not None else {}
        if self._token:
            headers["authorization"] = f"Bearer {self._token}"
        is_kept = self._connection is not None
        try:
            return self._once(method, path, body, headers)
        except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError):
            # A connection that was kept may have been closed meanwhile. What is sent twice is taken once.
            if not is_kept:
                raise self._gone("it closes the connection") from None
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise self._gone(str(error) or type(error).__name__) from error
        try:
            return self._once(method, path, body, headers)
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise self._gone(str(error) or type(error).__name__) from error

    def _once(
        self, method: str, path: str, body: bytes | None, headers: dict[str, str]
    ) -> tuple[int, bytes, dict[str, str]]:
        try:
            connection = self._connected()
            began = time.perf_counter()
            connection.request(method, f"{self._path}{path}", body, headers)
            if body is not None and len(body) >= LARGE_BYTES:
                self._line_bytes_s = len(body) / max(1e-6, time.perf_counter() - began)
            answer = connection.getresponse()
            data = answer.read(LONGEST_ANSWER)
            if not answer.isclosed() or answer.will_close:
                self.close()
            return answer.status, data, {name.lower(): value for name, value in answer.getheaders()}
        except BaseException:
            self.close()
            raise

    def _connected(self) -> http.client.HTTPConnection:
        if self._connection is None:
            if self._secure:
                context = ssl.create_default_context()
                self._connection = http.client.HTTPSConnection(
                    self._host, self._port, timeout=PATIENCE_S, context=context
                )
            else:
                self._connection = http.client.HTTPConnection(self._host, self._port, timeout=PATIENCE_S)
            self._connection.connect()
            self._connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return self._connection

    def _gone(self, why: str) -> UnreachableError:
        return UnreachableError(f"{self.address} does not answer: {why}")

    def close(self) -> None:
        """Ends the connection; the next question makes another."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


NOT_OURS = "the answer is not that of a server of ours; is the address right?"


def _object(said: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(said)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _arrived(said: bytes) -> Arrived:
    found = _object(said) or {}
    if not all(each.name in found for each in fields(Arrived)):
        raise UnreachableError(NOT_OURS)
    values = {each.name: found[each.name] for each in fields(Arrived)}
    kinds: dict[str, tuple[type, ...]] = {"segment": (int, type(None)), "is_whole": (bool,)}
    if not all(type(value) in kinds.get(name, (int,)) for name, value in values.items()):
        raise UnreachableError(NOT_OURS)
    if not all(0 <= (value or 0) < 1 << 62 for value in values.values()):
        raise UnreachableError(NOT_OURS)
    return Arrived(**values)


def _reason(said: bytes) -> str:
    return str((_object(said) or {}).get("error", "no reason given"))[:300]


def _seconds(text: str) -> float:
    return min(600.0, float(text)) if text.isdecimal() else 0.0
