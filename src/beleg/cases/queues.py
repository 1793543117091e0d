"""In what order cases are worked: by the law's deadline, by the money, and what a person has to do today."""

from collections.abc import Callable, Iterable, Mapping

from beleg.cases.case import Case

FAR = 2**62
Rate = Callable[[str], float]  # a currency's worth in the report's, so that money of several can be put in order


def worth(sums: Mapping[str, int], rate: Rate) -> float:
    """Money of several currencies as one number to sort by."""
    return sum(amount * rate(currency) for currency, amount in sums.items())


def by_deadline(cases: Iterable[Case], rate: Rate) -> list[Case]:
    """Those with the nearest day first; without a day, the most money first."""
    return sorted(cases, key=lambda case: (case.due_at or FAR, -worth(case.at_stake(), rate), case.id))


def by_loss(cases: Iterable[Case], rate: Rate) -> list[Case]:
    """The most money first."""
    return sorted(cases, key=lambda case: (-worth(case.at_stake(), rate), case.due_at or FAR, case.id))


def due(cases: Iterable[Case], until: int) -> list[Case]:
    """Open cases whose day comes until then, in microseconds UTC."""
    return [case for case in cases if case.is_open and case.due_at is not None and case.due_at <= until]
