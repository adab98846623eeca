"""Who may send runs: tokens of their own, which let nobody read, and the tokens of readers let nobody send."""

from __future__ import annotations

import hmac
from collections.abc import Mapping

from starlette.datastructures import Headers
from starlette.types import Scope

BELOW = "/api/v1/segments/"
"""The paths that are asked with these tokens and with no others."""


class WriteTokens:
    """Tokens by project; it is the door of `security.Guard` to the routes that take runs in.

    Args:
        projects: The token of each project, whose runs lie in the folder of that name; "" for the logdir itself.
    """

    def __init__(self, projects: Mapping[str, str]) -> None:
        self._projects = dict(projects)

    def lets_in(self, scope: Scope, headers: Headers, path: str | None) -> bool:
        """Whether something below `BELOW` is asked for, by who may write: everything else is not their business."""
        return (
            scope["type"] == "http"
            and path is not None
            and path.startswith(BELOW)
            and self.project_of(headers) is not None
        )

    def project_of(self, headers: Headers) -> str | None:
        """The project that a request may write to; None where it may not."""
        said = headers.get("authorization", "")
        given = said[7:].strip().encode() if said.lower().startswith("bearer ") else b""
        found = None
        for project, token in self._projects.items():  # all of them, so that time tells nothing
            if hmac.compare_digest(given, token.encode()):
                found = project
        return found


class NothingReceived:
    """The door of a server that takes no runs. Who sends is let in to where nothing is: asked for a token instead it
    would take its own for a wrong one, and give up although the server may receive again."""

    def lets_in(self, scope: Scope, headers: Headers, path: str | None) -> bool:
        """Whether something below `BELOW` is asked for."""
        return scope["type"] == "http" and path is not None and path.startswith(BELOW)
