"""Proposals: what agents would have a run asked, which a person accepts or declines; no commands by themselves.

They are checked as a command is when they are made, when they are shown, and once more when one is accepted.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from dashboard.live.offer import Offer
from tracker.plain_text import printable
from tracker.store.read.commands import Command
from tracker.store.read.page_proposals import MOST_AUTHOR, MOST_WHY, Proposal, proposals
from tracker.store.read.run import StoredRun
from tracker.values.control_definition import RefusedError

WAITING, ACCEPTED, DECLINED, LAPSED = "waiting", "accepted", "declined", "lapsed"

AGENT = "an agent"
"""Who proposes, where it does not say what it is called."""


class UnknownProposalError(LookupError):
    """There is no such proposal, or it has fallen away."""


class Standing(NamedTuple):
    """A proposal, and what became of it.

    Attributes:
        proposal: What was proposed.
        standing: "waiting", "accepted", "declined", or "lapsed" where the run is asked nothing any more.
        why_not: Why it cannot be accepted as things are; empty where it can, or was answered.
        command: What it became, once it was accepted.
    """

    proposal: Proposal
    standing: str
    why_not: str
    command: Command | None


def standings(run: StoredRun) -> list[Standing]:
    """The proposals of a run, the oldest first."""
    offer = Offer.of(run)  # in this order: what is accepted in between is a command, and does not seem out of date
    return [_standing(run, offer, each) for each in proposals(run.folder)]


def propose(run: StoredRun, control: str, value: Any, why: str, agent: str) -> Standing:
    """Keeps what an agent would have a run asked.

    Args:
        run: That it would have asked.
        control: A control, an action, or what every run has.
        value: What it is to be; None for an action.
        why: The reason, for the person who decides.
        agent: As it calls itself.

    Raises:
        RefusedError: the run would refuse it; the message is the sentence to say.
        PageChangeError: too many wait, or the file cannot be written.
    """
    reason = printable(" ".join(why.split()))
    if not 1 <= len(reason) <= MOST_WHY:
        raise RefusedError(f"why is a reason of 1 to {MOST_WHY} letters, and this has {len(reason):,}.")
    offer = Offer.of(run)
    wanted = offer.checked(control, value, None)
    # Not with the module: a server begins by reading, and SQLAlchemy takes 0.1 s to import.
    from tracker.store.write import page_proposals

    id = page_proposals.propose(run.folder, control, wanted, offer.value(control), _named(agent), reason)
    return _found(run, id)


def answer(run: StoredRun, id: str, accept: bool, by: str) -> Standing:
    """Accepts a proposal, which asks the run by a command of its own, or declines it; who is first answers.

    Raises:
        UnknownProposalError: there is none of that id.
        RefusedError: the run would refuse it, or it was answered otherwise before; the sentence to say.
        PageChangeError: the file cannot be written.
    """
    found = _found(run, id)
    if found.standing in (WAITING, LAPSED):
        if accept and found.why_not:
            raise RefusedError(found.why_not)
        from tracker.store.write import page_proposals

        author = f"{found.proposal.author}, accepted by {by}" if accept else None
        page_proposals.answer(run.folder, found.proposal, by, author)
        found = _found(run, id)
    if found.proposal.accepted is not accept:
        raise RefusedError(f"{found.proposal.by} has {found.standing} this already.")
    return found


def _found(run: StoredRun, id: str) -> Standing:
    offer = Offer.of(run)
    found = next((each for each in proposals(run.folder) if each.id == id), None)
    if found is None:
        raise UnknownProposalError(f"{run.name} has no such proposal (any more).")
    return _standing(run, offer, found)


def _standing(run: StoredRun, offer: Offer, proposal: Proposal) -> Standing:
    if proposal.accepted is None:
        return Standing(proposal, LAPSED if offer.why_not else WAITING, _why_not(offer, proposal), None)
    if not proposal.accepted:
        return Standing(proposal, DECLINED, "", None)
    known = offer.known(proposal.nonce)  # unless it was accepted since
    command = known or next((each for each in run.commands() if each.nonce == proposal.nonce), None)
    return Standing(proposal, ACCEPTED, "", command)


def _why_not(offer: Offer, proposal: Proposal) -> str:
    try:
        offer.checked(proposal.control, proposal.value, proposal.expected)
    except RefusedError as error:
        return str(error)
    return ""


def _named(agent: str) -> str:
    """An agent's own name, in which nothing can pass for the name of who accepted what it proposes."""
    return printable(" ".join(agent.replace(",", " ").split()))[:MOST_AUTHOR] or AGENT
