"""Drives a running Vendure over its GraphQL interfaces: orders are placed, paid, shipped and refunded."""

from dataclasses import dataclass, field
from typing import Any

import httpx

from shops.medusa_shop import PASSWORD

PAY = """mutation {
    answer: addPaymentToOrder(input: { method: "purse", metadata: {} }) { __typename ... on Order { id code } }
}"""
FULFIL = """mutation ($i: FulfillOrderInput!) {
    answer: addFulfillmentToOrder(input: $i) { __typename ... on Fulfillment { id } }
}"""
SETTLE = """mutation ($id: ID!) {
    answer: settleRefund(input: { id: $id, transactionId: "x" }) { __typename ... on Refund { state } }
}"""


@dataclass
class Order:
    """An order of the shop, as the test needs it; money in minor units, as Vendure counts."""

    id: str
    code: str
    payment: str
    line: str
    total: int


@dataclass
class VendureShop:
    """One shop; `owner` is the member of staff who may do everything."""

    url: str
    owner: str
    tokens: dict[str, str] = field(default_factory=dict)

    def admin(self, query: str, staff: str | None = None, **variables: Any) -> Any:
        """One question or change on behalf of staff; raises what the shop answers, if it is an error."""
        answer = self.ask(query, staff, **variables)
        if answer.get("errors"):
            raise AssertionError(f"{query[:80]}: {answer['errors']}")
        return answer["data"]

    def ask(self, query: str, staff: str | None = None, **variables: Any) -> dict[str, Any]:
        """One question or change on behalf of staff, and whatever comes back."""
        return self._send("admin-api", query, variables, self.token(staff or self.owner))[0]

    def token(self, login: str) -> str:
        """Signs a member of staff in."""
        if login not in self.tokens:
            query = "mutation ($name: String!, $password: String!) { login(username: $name, password: $password) { __typename } }"
            _, self.tokens[login] = self._send("admin-api", query, {"name": login, "password": PASSWORD}, "")
        return self.tokens[login]

    def _send(self, api: str, query: str, variables: dict[str, Any], token: str) -> tuple[dict[str, Any], str]:
        headers = {"authorization": f"Bearer {token}"} if token else {}
        answer = httpx.post(f"{self.url}/{api}", json={"query": query, "variables": variables}, headers=headers, timeout=60)
        return dict(answer.json()), answer.headers.get("vendure-auth-token", token)

    def hire(self, login: str) -> None:
        """A second member of staff, who may do everything with orders."""
        permissions = ["ReadOrder", "UpdateOrder", "ReadCustomer"]
        given = {"code": "returns", "description": "Returns", "permissions": permissions}
        role = self.admin("mutation ($i: CreateRoleInput!) { createRole(input: $i) { id } }", i=given)["createRole"]["id"]
        person = {"firstName": "R", "lastName": "S", "emailAddress": login, "password": PASSWORD, "roleIds": [role]}
        self.admin("mutation ($i: CreateAdministratorInput!) { createAdministrator(input: $i) { id } }", i=person)

    def order(self, quantity: int = 2) -> Order:
        """An order that is placed, paid, shipped and delivered."""
        token = ""
        address = {"fullName": "A B", "streetLine1": "1", "postalCode": "10115", "countryCode": "DE"}
        person = {"firstName": "A", "lastName": "B", "emailAddress": "a@example.com"}
        answer: dict[str, Any] = {}
        for query, variables in (
            ("mutation ($n: Int!) { addItemToOrder(productVariantId: \"1\", quantity: $n) { __typename } }", {"n": quantity}),
            ("mutation ($c: CreateCustomerInput!) { setCustomerForOrder(input: $c) { __typename } }", {"c": person}),
            ("mutation ($a: CreateAddressInput!) { setOrderShippingAddress(input: $a) { __typename } }", {"a": address}),
            ("mutation { setOrderShippingMethod(shippingMethodId: [\"1\"]) { __typename } }", {}),
            ("mutation { transitionOrderToState(state: \"ArrangingPayment\") { __typename } }", {}),
            (PAY, {}),
        ):  # fmt: skip
            answer, token = self._send("shop-api", query, variables, token)
        placed = answer["data"]["answer"]["id"]
        whole = self.read(placed)
        order = Order(placed, whole["code"], whole["payments"][0]["id"], whole["lines"][0]["id"], whole["totalWithTax"])
        self._ship(order, quantity)
        return order

    def _ship(self, order: Order, quantity: int) -> None:
        given = {
            "lines": [{"orderLineId": order.line, "quantity": quantity}],
            "handler": {
                "code": "manual-fulfillment",
                "arguments": [{"name": "method", "value": "example"}, {"name": "trackingCode", "value": f"OUT-{order.code}"}],
            },
        }
        parcel = self.admin(FULFIL, i=given)["answer"]["id"]
        for state in ("Shipped", "Delivered"):
            change = "mutation ($id: ID!, $s: String!) { transitionFulfillmentToState(id: $id, state: $s) { __typename } }"
            self.admin(change, id=parcel, s=state)

    def read(self, order: str) -> dict[str, Any]:
        """An order with its payments and what was noted about it."""
        query = """query ($id: ID!) { order(id: $id) {
            code state totalWithTax lines { id } payments { id refunds { id state total metadata } }
            history(options: { take: 50 }) { items { type data } }
        } }"""
        return dict(self.admin(query, id=order)["order"])

    def refund(self, order: Order, amount: int, reason: str, *, staff: str, quantity: int = 1) -> dict[str, Any]:
        """What the shop answers when staff pay money back."""
        answer = self.ask_refund(order, amount, reason, staff=staff, quantity=quantity)
        assert "errors" not in answer, answer
        return dict(answer["data"]["answer"])

    def ask_refund(self, order: Order, amount: int, reason: str, *, staff: str = "", quantity: int = 1) -> dict[str, Any]:
        """The same, and errors too."""
        lines = [{"orderLineId": order.line, "quantity": quantity}] if quantity else []
        given = {"paymentId": order.payment, "amount": amount, "reason": reason, "lines": lines, "shipping": 0, "adjustment": 0}
        query = """mutation ($i: RefundOrderInput!) { answer: refundOrder(input: $i) {
            __typename ... on Refund { id state metadata } ... on ErrorResult { message }
        } }"""
        return self.ask(query, staff or self.owner, i=given)

    def settle(self, refund: str, *, staff: str) -> str:
        """Settles a refund by hand; its state, or why not."""
        answer = self.ask(SETTLE, staff, id=refund)
        return str(answer["errors"][0]["message"] if answer.get("errors") else answer["data"]["answer"].get("state"))

    def refunds(self, order: Order) -> list[dict[str, Any]]:
        """What the shop says of the order's refunds."""
        return [refund for payment in self.read(order.id)["payments"] for refund in payment["refunds"]]
