"""Short ways to write the facts of cases."""

from itertools import count

from beleg.facts.kinds.cases import CaseAssignment, CaseMerge, CaseNote, CaseOutcome, CaseSplit
from beleg.facts.kinds.findings import Finding
from beleg.facts.kinds.gate import Decision

NUMBER = count(1)


def envelope(name=None, at=None):
    number = next(NUMBER)
    return {"id": name or f"fact-{number}", "source": "test", "known_at": number if at is None else at}


def finding(subject, *, kind="slice", detector="double_dip", amount=1000, status="open", because=None, name=None, currency="EUR"):
    return Finding(
        **envelope(name), detector=detector, version="1", subject_kind=kind, subject=subject, family="money", amount=amount,
        currency=currency, status=status, because=because,
    )  # fmt: skip


def decision(request, *, outcome="hold", account="A1", amount=700, deadline=10**15, name=None):
    return Decision(
        **envelope(name), request_id=request, slice_id="O1/1/-", order_id="O1", account_id=account, amount=amount, currency="EUR",
        outcome=outcome, reason="no scan", deadline=deadline if outcome == "hold" else None, policy="standard", policy_version="1",
    )  # fmt: skip


def merged(case, into):
    return CaseMerge(**envelope(), case_id=case, into=into, why="the same people", actor="mia")


def split(case, item, into):
    return CaseSplit(**envelope(), case_id=case, item_id=item, into=into, why="another household", actor="mia")


def assigned(case, who, due=None):
    return CaseAssignment(**envelope(), case_id=case, assignee=who, due_at=due, actor="mia")


def noted(case, text):
    return CaseNote(**envelope(), case_id=case, text=text, actor="mia")


def closed(case, outcome="confirmed_fraud", *, actor="mia", reading="first"):
    return CaseOutcome(**envelope(), case_id=case, outcome=outcome, why="seen on the footage", reading=reading, actor=actor)
