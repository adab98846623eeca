"""The server: tools that read a logdir and propose changes, over standard input and output by the official SDK."""

from __future__ import annotations

from typing import Annotated, Any

from mcp.server.mcpserver import Context, Image, MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from pydantic import WithJsonSchema

from dashboard.mcp.answers import Answers, AskedError

INSTRUCTIONS = """Training runs that everystep logged. Begin with list_runs, then brief: it says in one answer what a
run is, how it stands and what is wrong. scalars gives a curve exactly in few columns. Nothing here changes a run."""

Value = Annotated[Any, WithJsonSchema({"anyOf": [{"type": kind} for kind in ("number", "boolean", "string", "null")]})]
"""What a control can be. Anything is taken in, since the SDK reads a text that is JSON as what it says, and refused by
the control, in a sentence."""

PROPOSES = """ What you would change you can propose; a person accepts or declines it, and proposals says which."""


def build(answers: Answers, *, read_only: bool = False) -> MCPServer:
    """A server of these answers.

    Args:
        answers: What its tools say.
        read_only: Whether nothing can be proposed.
    """
    server = MCPServer("everystep", instructions=INSTRUCTIONS + ("" if read_only else PROPOSES), log_level="WARNING")

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

    @server.tool()
    def proposals(run: str) -> Any:
        """What was proposed to ask a run, and what became of it: waiting, accepted (with the outcome and the step),
        declined, or lapsed since the run is over."""
        return said(answers.proposals, run)

    if not read_only:

        @server.tool()
        def propose(run: str, control: str, value: Value, why: str, context: Context) -> Any:
            """Proposes to change a control of a run that is going on, or to press a button of it (value null): lr, a
            control of its own, stop, paused, "log more". A person sees it with your reason (at most 500 letters) and
            accepts or declines it on the page; until then nothing happens. Ask proposals what became of it."""
            client = context.session.client_params
            agent = client.client_info.name if client is not None else ""
            return said(answers.propose, run, control, value, why, agent)

    return server
