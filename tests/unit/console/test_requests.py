"""What became of what the gate kept waiting: counted once a request, by its newest answer; and the table that says so."""

from beleg.facts.kinds.gate import Decision
from beleg.web.console.requests import Requests, money, waited

HOUR = 3_600_000_000


def said(request, outcome, hour, amount=500):
    return Decision(
        id=f"{request}-{hour}", source="gate", known_at=hour * HOUR, request_id=request, slice_id=request, order_id=request,
        amount=amount, currency="EUR", outcome=outcome, policy="standard", policy_version="1",
    )  # fmt: skip


def test_only_what_waited_counts_and_by_its_newest_answer() -> None:
    requests = Requests()
    for one in (
        said("at once", "release", 0),
        said("kept", "hold", 0), said("kept", "review", 5), said("kept", "release", 8),
        said("twice", "hold", 1, 700), said("twice", "release", 3, 700),
        said("no", "review", 2, 900), said("no", "refuse", 4, 900),
        said("open", "hold", 1),
    ):  # fmt: skip
        requests.add(one)
    released, refused = requests.ended("release"), requests.ended("refuse")
    assert (len(released), money(released), waited(released)) == (2, {"EUR": 1200}, 5.0)
    assert (len(refused), money(refused), waited(refused)) == (1, {"EUR": 900}, 2.0)
    assert len(requests.ended("hold")) == 1
    assert waited([]) is None


def test_the_programme_tells_losses_stopped_from_customers_who_waited(running, person) -> None:
    ivo = person("ivo")
    assert "Nothing that was held has been decided yet." in ivo.get("/programme").text
    for one in (said("x", "review", 1), said("x", "refuse", 4)):
        running.desk.requests.add(one)
    page = ivo.get("/programme").text
    row = page[page.index("a loss stopped") :].partition("</tr>")[0]
    assert [text in row for text in (">1<", "100.0 %", "€5.00", "3")] == [True] * 4
