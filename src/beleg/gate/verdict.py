"""A policy held against one situation: which groups of proofs are met, what is missing, and the answer that follows."""

from collections.abc import Mapping
from functools import lru_cache

import msgspec
from msgspec import Struct

from beleg.gate.policy import Answer, Group, Guard, Policy, Rule, Way
from beleg.gate.situation import Situation
from beleg.proofs.words import PROOFS, Proof, State

# In this order one word stands for a group: a fact that speaks against any of its proofs stands, else one true proof is enough.
_ORDER: tuple[State, ...] = ("contradicted", "true", "pending", "absent", "unavailable", "not_applicable")


class Verdict(Struct, frozen=True, kw_only=True):
    """What a policy says, before the clock is looked at."""

    answer: Answer
    guards: tuple[Guard, ...] = ()
    rule: Rule | None = None
    met: tuple[tuple[Group, State], ...] = ()
    witnesses_needed: int = 0
    witnesses_lacking: int = 0
    amounts_known: bool = True
    failed: str = ""

    @property
    def missing(self) -> tuple[Group, ...]:
        """The groups that are not met."""
        return tuple(group for group, state in self.met if state != "true")


def judge(policy: Policy, situation: Situation, states: Mapping[Proof, State], witnesses: int) -> Verdict:
    """What the policy says of a claim whose proofs have these states, so many independent sources speaking for it.

    Raises:
        ToldError: a condition could not be worked out.
    """
    amounts = policy.amounts(situation.currency)
    if amounts is None:
        return Verdict(answer="review", amounts_known=False)
    guards, rule = policy.speaking(situation, amounts)
    if rule is None:
        return Verdict(answer="review", guards=tuple(guards))
    went = _went(policy, rule.name, tuple(states.get(proof, "pending") for proof in PROOFS), witnesses)
    return msgspec.structs.replace(went, answer="review", guards=tuple(guards)) if guards else went


@lru_cache(maxsize=65_536)
def _went(policy: Policy, name: str, shown: tuple[State, ...], witnesses: int) -> Verdict:
    """What a rule says of proofs in these states; those that claims show are few, whatever the number of claims."""
    states = dict(zip(PROOFS, shown, strict=True))
    rule = next(one for one in policy.rules if one.name == name)
    usual = _gone(rule, widened(policy, rule), states, witnesses)
    # what stands in for a proof of the rule is not to stand in for one that is taken instead
    others = [_gone(way, way.needs, states, witnesses) for way in rule.instead]
    went = next((one for one in (usual, *others) if one.answer == "release"), usual)
    if rule.asks and went.answer == "release":
        went = msgspec.structs.replace(went, answer="hold")
    return msgspec.structs.replace(went, rule=rule)


def _gone(way: Way, groups: tuple[Group, ...], states: Mapping[Proof, State], witnesses: int) -> Verdict:
    """How far a claim gets this way."""
    met = tuple((group, state_of(group, states)) for group in groups)
    lacking = max(0, way.witnesses - witnesses)
    answer = _answer({state for _, state in met}, lacking)
    return Verdict(answer=answer, met=met, witnesses_needed=way.witnesses, witnesses_lacking=lacking)


def widened(policy: Policy, rule: Rule) -> tuple[Group, ...]:
    """A rule's groups with what the policy lets stand in for a proof."""
    stand_ins = policy.file.substitutes
    return tuple(
        tuple(dict.fromkeys((*group, *(other for one in group for other in stand_ins.get(one, ()))))) for group in rule.needs
    )


def state_of(group: Group, states: Mapping[Proof, State]) -> State:
    """One word for a group of proofs."""
    shown = {proof: states.get(proof, "pending") for proof in group}
    if shown.get("dock_manifested") == "true" and "delivered_at_site" in shown:
        # the dock has the parcel, so it arrived, whatever place the carrier's scan names
        shown["delivered_at_site"] = "true"
    return next(state for state in _ORDER if state in shown.values())


def _answer(states: set[State], lacking: int) -> Answer:
    if states & {"contradicted", "absent", "unavailable", "not_applicable"}:
        return "review"
    return "hold" if lacking or "pending" in states else "release"
