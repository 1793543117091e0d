"""Who may approve in the small shop, with passkeys in software, and a claim that waits for one of them."""

from typing import Any

from beleg.facts.base import Fact
from beleg.facts.kinds.operators import EnrolmentAnswer, Invitation, OperatorRole, Passkey
from support.authenticators import Authenticator
from support.shops import DAY, dock, now, receipt, scan

LOGINS = ("login-1", "login-1b", "login-2", "login-3")


def approvers() -> tuple[dict[str, Authenticator], list[Fact]]:
    """Passkeys of three persons' logins, each invited by another one, long enough ago, each with the role; and the facts of it."""
    made = {login: Authenticator(login) for login in LOGINS}
    facts: list[Fact] = []
    for login, key in made.items():
        by = "login-3" if login != "login-3" else "login-2"
        at = now() - 3 * DAY
        said: dict[str, Any] = {"source": "gate", "known_at": at, "login": login}
        facts.append(OperatorRole(id=f"r-{login}", **said, role="approver", granted=True, actor=by))
        facts.append(Invitation(id=f"i-{login}", **said, secret="x", expires_at=at, actor=by))
        facts.append(
            Passkey(id=f"p-{login}", **said, credential=key.credential, public_key=key.public_key, invitation=f"i-{login}")
        )
        facts.append(EnrolmentAnswer(id=f"e-{login}", source="gate", known_at=at, enrolment_id=f"p-{login}", granted=True))
    return made, facts


def reviewed(gate: Any, shop: Any, claim: Any, **said: Any) -> tuple[str, str]:
    """A claim that a person has to decide: its order and the request."""
    name = shop()
    gate.do(gate.service.keeper.take([receipt(name, f"{name}-M"), scan(f"{name}-M"), dock(f"{name}-M")]))
    body = claim(name, instrument="card-2") | said
    answer = gate.request("POST", "/v1/refund-decisions", json=body, headers={"idempotency-key": f"{name}.0"}).json()
    assert answer.get("decision") == "review", answer
    return name, answer["decision_id"]
