"""A policy held against its own examples and against the sources a shop has, before it may decide anything."""

import msgspec

from beleg.facts.told import ToldError, closest, listed
from beleg.gate.policy import Example, Policy
from beleg.gate.situation import Situation
from beleg.gate.verdict import judge, widened
from beleg.proofs.coverage import Coverage
from beleg.proofs.words import PROOFS


def check_examples(policy: Policy) -> None:
    """Every example says what the policy says, and every rule and guard has one in which it speaks and one in which it is silent.

    Raises:
        ToldError: an example is wrong, or one is lacking.
    """
    spoken = [_spoken(policy, example) for example in policy.file.examples]
    for name in policy.names:
        speaks = sum(name in names for names in spoken)
        for times, what in ((speaks, "speaks"), (len(spoken) - speaks, "stays silent")):
            if not times:
                raise ToldError(
                    f"{policy.where}: {name!r}",
                    got=f"no example in which it {what}",
                    expected="at least one in which it speaks, and one in which it stays silent",
                    mend=f'add an [[examples]] with speaks {"=" if what == "speaks" else "without"} "{name}"',
                )


def _spoken(policy: Policy, example: Example) -> set[str]:
    where = f"{policy.where}: example {example.name!r}"
    known = Situation.__struct_fields__
    for name in example.given:
        if name not in known:
            got = f"the name {name!r}{closest(name, known)}"
            raise ToldError(where, got=got, expected=f"one of {listed(known, 40)}", mend="correct it")
    try:
        situation = msgspec.convert(example.given, Situation)
    except msgspec.ValidationError as problem:
        raise ToldError(where, got=str(problem), expected="a situation", mend="correct the value") from problem
    verdict = judge(policy, situation, example.proofs, example.witnesses)
    spoken = {one.name for one in verdict.guards} | ({verdict.rule.name} if verdict.rule else set())
    if spoken != set(example.speaks) or verdict.answer != example.answer:
        raise ToldError(
            where,
            got=f"{verdict.answer}, by {listed(sorted(spoken)) or 'no rule'}",
            expected=f"{example.answer}, by {listed(sorted(example.speaks)) or 'no rule'}, as the example says",
            mend="correct the example, or the rule",
        )
    return spoken


def check_sources(policy: Policy, coverage: Coverage) -> None:
    """Every group that a rule needs has a proof of which some source of this shop speaks, or the rule names a person instead.

    Raises:
        ToldError: a claim under such a rule could never be released.
    """
    having = [proof for proof in PROOFS if coverage.has(proof)]
    for rule in (one for one in policy.file.rules if one.without_source == "refuse"):
        for group, wide in zip(rule.needs, widened(policy, rule), strict=True):
            if not any(proof in having for proof in wide):
                raise ToldError(
                    f"{policy.where}: rule {rule.name!r}",
                    got=f"it needs {' or '.join(group)}, and no source of this shop speaks of {'it' if len(wide) == 1 else 'them'}",
                    expected=f"a proof with a source here: {listed(having, 20) or 'there is none yet'}",
                    mend=f'connect a source of it, or name what stands in for it: [substitutes] {group[0]} = ["..."], '
                    'or without_source = "review" in the rule',
                )
