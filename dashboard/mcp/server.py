"""The server: tools that read a logdir, spoken over standard input and output by the official SDK."""

from __future__ import annotations

from typing import Any

from mcp.server.mcpserver import Image, MCPServer
from mcp.server.mcpserver.exceptions import ToolError

from dashboard.mcp.answers import Answers, AskedError

INSTRUCTIONS = """Training runs that everystep logged. Begin with list_runs, then brief: it says in one answer what a
run is, how it stands and what is wrong. scalars gives a curve exactly in few columns. Nothing here changes a run."""


def build(answers: Answers) -> MCPServer:
    """A server of these answers."""
    server = MCPServer("everystep", instructions=INSTRUCTIONS, log_level="WARNING")

    def said(find: Any, *values: Any) -> Any:
        try:
            return find(*values)
        except AskedError as error:
            raise ToolError(str(error)) from error

    @server.tool()
    def list_runs(pattern: str = "*", limit: int = 50) -> Any:
        """Runs whose names match a pattern such as mnist/*, the newest first, each with its status and main metric."""
        return said(answers.runs, pattern, limit)

    @server.tool()
    def brief(run: str, tokens: int = 800) -> str:
        """What a run is, how it stands, which settings changed and what is wrong with it, within so many tokens."""
        return str(said(answers.brief, run, tokens))

    @server.tool()
    def findings(run: str) -> Any:
        """What is wrong with a run's training: kind, severity, layer, first step, evidence, and one thing to try."""
        return said(answers.findings, run)

    @server.tool()
    def scalars(run: str, tag: str, columns: int = 100, start: float | None = None, stop: float | None = None) -> Any:
        """A curve between two steps, as at most so many columns that stand for every point: ends, extremes with their
        steps, mean, counts of NaN and infinities. Exact: no point is sampled away."""
        return said(answers.scalars, run, tag, columns, start, stop)

    @server.tool()
    def compare(runs: list[str], tags: list[str] | None = None) -> Any:
        """Runs beside each other: settings that differ among them, and how metrics went in each."""
        return said(answers.compare, runs, tags or ())

    @server.tool()
    def image(run: str, tag: str, step: int | None = None) -> Image:
        """The newest picture of a tag, or that of a step."""
        return Image(data=said(answers.image, run, tag, step), format="png")

    return server
