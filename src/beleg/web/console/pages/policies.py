"""The policies: what each version decided, what one tried beside it would have said, the last one tried on history, the weights."""

from pathlib import Path

import msgspec
from msgspec import Struct
from starlette.responses import Response

from beleg.facts.kinds.operators import PolicyTrial, PolicyTrialEnd
from beleg.gate.history import Backtest
from beleg.web.console.context import Context, TurnedAwayError
from beleg.web.console.learned import learned
from beleg.web.console.shadow import ANSWERS, Compared, Tried, sums
from beleg.web.console.trials import newest, unfinished
from beleg.weigh.patterns import family_in_words, in_words

SHOWN = 20
TRIALS = 10


class Differences(Struct, frozen=True):
    """A comparison as the page shows it: of those the shadow would have delayed, which were fraud and which were released."""

    compared: Compared
    later: list[Tried]
    sooner: list[Tried]
    fraud: list[Tried]
    honest: list[Tried]


async def show(context: Context) -> Response:
    """The page."""
    texts = [(path.stem, path.read_text(encoding="utf-8")) for path in context.site.settings.policies if path.is_file()]
    decided = [one for mine in context.desk.decisions.values() for one in mine]
    versions: dict[tuple[str, str], dict[str, int]] = {}
    for one in decided:
        counts = versions.setdefault((one.policy, one.policy_version), {})
        counts[one.outcome] = counts.get(one.outcome, 0) + 1
    tried, at = backtest(context.site.settings.backtest)
    answer, trial, answered = newest(context.desk)
    if answer is not None and answered > (at or 0):
        tried, at = answer, answered
    else:
        trial = None
    trials = context.site.trials
    under_way = unfinished(context.desk)
    return context.render(
        "policies.html.j2",
        texts=texts,
        versions=sorted(versions.items()),
        shadows=[_told(context, one) for one in context.desk.shadows.compared.values()],
        answers=ANSWERS,
        sums=sums,
        shown=SHOWN,
        tried=tried,
        tried_at=at,
        tried_by=trial,
        trials=trials,
        under_way=under_way[0] if under_way else None,
        begun=trials.begun if trials else None,
        ended=_ended(context),
        learned=learned(context.desk, context.site.settings),
        in_words=in_words,
        family_in_words=family_in_words,
    )


def _ended(context: Context) -> list[tuple[PolicyTrial, PolicyTrialEnd]]:
    """The last trials, the newest first, with what came of them."""
    mine = context.desk.directory
    ends = list(mine.trial_ends.values())[: -TRIALS - 1 : -1]
    return [(mine.trials[one.trial_id], one) for one in ends if one.trial_id in mine.trials]


async def begin(context: Context) -> Response:
    """Try one of the known policies on history."""
    trials, name = context.site.trials, context.field("policy", needed=True)
    if trials is None:
        raise TurnedAwayError(404, context.speech.say("This console cannot try policies."))
    if name not in trials.policies:
        raise TurnedAwayError(422, context.speech.say("There is no policy of that name here."))
    if not await trials.begin(context.desk, context.login, name):
        raise TurnedAwayError(409, context.speech.say("A policy is being tried already; one at a time."))
    return context.back("/policies#try-h", context.speech.say("Begun. Open the page again to see how far it is."))


def _told(context: Context, compared: Compared) -> Differences:
    later = compared.later()
    outcomes = {one.request_id: {case.outcome for case in context.desk.rows.of("slice", one.slice_id)} for one in later}
    fraud = [one for one in later if "confirmed_fraud" in outcomes[one.request_id]]
    return Differences(compared, later, compared.sooner(), fraud, [one for one in later if one not in fraud])


def backtest(path: Path | None) -> tuple[Backtest | None, int | None]:
    """What the last backtest found and when it was written, in microseconds; nothing where there is none that can be read."""
    if path is None or not path.is_file():
        return None, None
    try:
        return msgspec.json.decode(path.read_bytes(), type=Backtest), int(path.stat().st_mtime) * 1_000_000
    except msgspec.DecodeError:
        return None, None
