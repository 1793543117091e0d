"""Says which logins are one person: the same person on the roster, or persons who ever shared a session."""

import pyarrow as pa


def merge(roster: pa.Table, shared: pa.Table) -> pa.Table:
    """Give every login of the roster the name of the person behind it; those who may be one get one name.

    Args:
        roster: login, person. A login that two persons had makes the two one, as nothing says which of them acted.
        shared: login, session. Logins that acted in one session are one.

    Returns:
        login, person: a login that is not on the roster has no row, since nobody knows who it is.
    """
    parent: dict[str, str] = {}
    people = roster.to_pylist()
    for row in people:
        _join(parent, f"login {row['login']}", f"person {row['person']}")
    for row in shared.to_pylist():
        _join(parent, f"login {row['login']}", f"session {row['session']}")
    named: dict[str, str] = {}
    for row in people:
        root = _root(parent, f"login {row['login']}")
        named[root] = min(named.get(root, row["person"]), row["person"])
    logins = sorted({row["login"] for row in people})
    return pa.table(
        {
            "login": pa.array(logins, pa.string()),
            "person": pa.array([named[_root(parent, f"login {x}")] for x in logins], pa.string()),
        }
    )


def _root(parent: dict[str, str], node: str) -> str:
    while parent.setdefault(node, node) != node:
        parent[node] = parent[parent[node]]
        node = parent[node]
    return node


def _join(parent: dict[str, str], one: str, other: str) -> None:
    first, second = sorted((_root(parent, one), _root(parent, other)))
    parent[second] = first
