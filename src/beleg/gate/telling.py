"""A decision's reasons in words, in the reader's language: the gate writes them down in English, the console says them again."""

from collections.abc import Callable, Mapping, Sequence

from beleg.gate.decision import Decision, Reason
from beleg.gate.policy import Group
from beleg.proofs.words import PROOF_WORDS, STATE_WORDS, Proof, State
from beleg.weigh.patterns import family_in_words, in_words

Say = Callable[..., str]  # a sentence with the names of its places, and what stands there

NO_AMOUNTS = "the policy names no amounts in this currency; a person decides"
NO_RULE = "no rule of the policy fits this claim; a person decides"
ASKED = "the customer is asked to send the goods back at the shop's expense; their return is paid instead of this claim"
LACKING = "independent sources that must still speak for it: %(number)s"
STANDS = "%(proofs)s: %(state)s (%(meaning)s)"
EVIDENCE = "%(family)s: %(pattern)s; held against honest %(kind)s"
RIVAL = "%(rival)s: that would explain the facts as well"
SENTENCES = (NO_AMOUNTS, NO_RULE, ASKED, LACKING, STANDS, EVIDENCE, RIVAL)


def plain(sentence: str, **parts: object) -> str:
    """A sentence in English."""
    return sentence % parts if parts else sentence


def proofs(group: Group, say: Say = plain) -> str:
    """A group of proofs, one of which is enough."""
    return say(" or ").join(say(PROOF_WORDS[proof]) for proof in group)


def stands(group: Group, state: State, say: Say = plain) -> str:
    """What a group of proofs stands at."""
    said = STATE_WORDS[state]
    return say(STANDS, proofs=proofs(group, say), state=say(said.label), meaning=say(said.meaning))


def evidence(family: str, pattern: str, kind: str, say: Say = plain) -> str:
    """What a family of evidence shows, and which honest refunds it is held against."""
    return say(EVIDENCE, family=family_in_words(family, say), pattern=in_words(family, pattern, say), kind=say(kind))


def lacking(witnesses: int, say: Say = plain) -> str:
    """How many independent sources are missing."""
    return say(LACKING, number=witnesses)


def rival(name: str, say: Say = plain) -> str:
    """The honest explanation that takes its part off the sum."""
    return say(RIVAL, rival=say(name))


def retold(decision: Decision, reason: Reason, say: Say) -> str:
    """One of a decision's reasons in another language; what a person or a policy wrote stays as they wrote it."""
    head, _, rest = reason.code.partition(":")
    if reason.pattern is not None and reason.kind is not None:
        return evidence(rest, reason.pattern, reason.kind, say)
    if (state := _STATES.get(head)) and (group := _group(rest.split("|"))):
        return stands(group, state, say)
    if reason.code == "witnesses_lacking":
        return lacking(decision.witnesses_lacking, say)
    if reason.code == "rival":
        return rival(decision.rival, say)
    return say(reason.text) if reason.text in SENTENCES else reason.text


_STATES: Mapping[str, State] = {state: state for state in STATE_WORDS}
_PROOFS: Mapping[str, Proof] = {proof: proof for proof in PROOF_WORDS}


def _group(names: Sequence[str]) -> Group:
    """The proofs of these names; none where this version does not know one of them."""
    known = tuple(_PROOFS[name] for name in names if name in _PROOFS)
    return known if len(known) == len(names) else ()
