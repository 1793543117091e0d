"""A policy tried on history: judge the sources, ask again before every refund, and say what would have changed."""

from collections.abc import Iterator
from pathlib import Path

import msgspec

from beleg.audit.history import History, attached
from beleg.facts.told import ToldError
from beleg.gate.checking import check_examples, check_sources
from beleg.gate.decide import Gate
from beleg.gate.history import Backtest, Progress, Share, replay
from beleg.gate.policy import load
from beleg.proofs.dossier import prepare
from beleg.weigh.scale import Scale
from beleg.weigh.weights import load as weights_of


class BacktestSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What is tried on what.

    `work` is a folder for files on the way; `as_of` in microseconds; `weights` a shop's own, a file; `digest` the SHA-256 that the
    policy's file has to have, where somebody chose it by that.
    """

    policy: str
    history: History
    work: Path
    as_of: int | None = None
    weights: str = ""
    digest: str = ""


def backtest(settings: BacktestSettings, progress: Progress) -> Backtest:
    """What the policy would have changed.

    Raises:
        ToldError: the policy or the input cannot be used, or the policy is another one than was chosen.
        EngineError: the engine cannot be opened.
    """
    policy, weights = load(settings.policy), weights_of(settings.weights)
    if settings.digest not in {"", policy.digest}:
        raise ToldError(
            policy.where,
            got=f"a file with SHA-256 {policy.digest[:12]}",
            expected=f"the one that was chosen, {settings.digest[:12]}",
            mend="it was changed meanwhile: look at it again, and begin anew",
        )
    check_examples(policy)
    with attached(settings.history, settings.work, progress) as (engine, last):
        coverage = prepare(engine, settings.as_of)
        check_sources(policy, coverage)
        return replay(engine, Gate(policy, Scale(weights)), coverage, settings.as_of or last, progress)


def lines(answer: Backtest) -> Iterator[str]:
    """The answer as text."""
    yield f"Policy {answer.policy} on {_said(answer.asked)} that were paid (weights {answer.weights})"
    yield ""
    yield from (f"  {word:28} {_said(share)}" for word, share in answer.answers.items())
    yield ""
    yield from (f"  rule {name:23} {_said(share)}" for name, share in answer.rules.items())
    yield from (f"  guard {name:22} {count:,}" for name, count in answer.guards.items())
    yield ""
    yield "Estimates:"
    yield f"  {'money that would have stayed':28} {_said(answer.saved)}"
    yield f"  {'gone all the same':28} {_said(answer.paid_anyway)}"
    yield f"  {'honest refunds':28} {_said(answer.honest)}"
    many = max(1, answer.honest.refunds)
    for days, count in answer.honest_waiting.items():
        when = "not released at once" if days == "0" else f"not released {days} days later"
        yield f"  {'honest, ' + when:28} {count:,} ({count / many:.1%})"
    yield f"  {'honest, seen by a person':28} {answer.honest_with_a_person:,} ({answer.honest_with_a_person / many:.1%})"
    yield ""
    yield answer.estimates


def _said(share: Share) -> str:
    money = ", ".join(f"{amount / 100:,.2f} {currency}" for currency, amount in share.money.items()) or "nothing"
    return f"{share.refunds:,} refunds, {money}"
