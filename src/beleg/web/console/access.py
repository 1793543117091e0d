"""Who may do what: each role's permissions, asked on the server for every page and every act."""

from collections.abc import Iterable
from typing import Literal, get_args

from beleg.facts.kinds.operators import Role

Permission = Literal[
    "cases",  # read cases, refunds, rings
    "people",  # read pages about a person, under a pseudonym
    "work",  # note, assign, set a day
    "close",  # close, merge, split
    "reread",  # give a second reading
    "approve",  # agree to a request that a person has to decide, if the system chose this one
    "ask_name",  # ask for the name behind a pseudonym
    "grant_name",  # agree that another one sees it
    "policies",  # read policies
    "try_policies",  # try a policy on history
    "sources",  # read what arrives and what was set aside
    "log",  # read the log, its checkpoints and who read what
    "programme",  # read what the programme found and cost
    "export",  # take lists away
    "operators",  # invite people, give and take roles
]

_READ: tuple[Permission, ...] = ("cases", "people", "sources", "policies", "programme")

GRANTS: dict[Role, frozenset[Permission]] = {
    "analyst": frozenset((*_READ, "work")),
    "investigator": frozenset((*_READ, "work", "close", "ask_name", "export")),
    "approver": frozenset((*_READ, "work", "reread", "approve", "grant_name")),
    "policy_author": frozenset(("policies", "try_policies", "programme", "sources")),
    "counsel": frozenset((*_READ, "ask_name", "grant_name", "export", "log")),
    "auditor": frozenset(("cases", "sources", "policies", "programme", "log")),
    "administrator": frozenset(("operators", "sources", "log")),
}

ROLES: tuple[Role, ...] = get_args(Role)


# What whoever runs a company's provider must not be able to do by themselves: only a session begun with a passkey may. Who lets
# people in could give themselves all the rest.
BY_PASSKEY: frozenset[Permission] = frozenset(("approve", "ask_name", "grant_name", "operators"))


def permissions(roles: Iterable[Role]) -> frozenset[Permission]:
    """All that these roles together may do."""
    return frozenset().union(*(GRANTS[role] for role in roles))
