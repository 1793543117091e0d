"""Drives a running Medusa over its admin and store interfaces: a shop is set up, orders are placed, paid, shipped and sent back."""

from dataclasses import dataclass, field
from typing import Any

import httpx

PASSWORD = "a-secret-for-a-test"


@dataclass
class Order:
    """An order of the shop, as the test needs it; money in whole currency units, as Medusa counts."""

    id: str
    payment: str
    line: str
    total: float


@dataclass
class MedusaShop:
    """One shop; `owner` is a member of staff who may do everything."""

    url: str
    owner: str
    key: str = ""
    names: dict[str, str] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)

    def call(self, method: str, path: str, body: Any = None, *, staff: str | None = None) -> Any:
        """One request; raises what the shop answers, if it is an error."""
        answer = self.ask(method, path, body, staff=staff)
        if answer.is_error:
            raise AssertionError(f"{method} {path}: {answer.status_code} {answer.text[:600]}")
        return answer.json()

    def ask(self, method: str, path: str, body: Any = None, *, staff: str | None = None) -> httpx.Response:
        """One request and whatever comes back; the store's own paths need no staff."""
        headers = {"x-publishable-api-key": self.key} if path.startswith("/store") else {}
        if path.startswith("/admin"):
            headers["authorization"] = f"Bearer {self.token(staff or self.owner)}"
        return httpx.request(method, self.url + path, json=body, headers=headers, timeout=60)

    def token(self, login: str) -> str:
        """Signs a member of staff in."""
        if login not in self.tokens:
            answer = httpx.post(f"{self.url}/auth/user/emailpass", json={"email": login, "password": PASSWORD}, timeout=30)
            self.tokens[login] = answer.raise_for_status().json()["token"]
        return self.tokens[login]

    def user(self, login: str) -> str:
        """The number under which Medusa knows a member of staff."""
        return str(self.call("GET", "/admin/users/me", staff=login)["user"]["id"])

    def set_up(self, provider: str) -> None:
        """Everything a shop needs before it can sell one article, paid through `provider`."""
        admin = self.call
        channel = admin("POST", "/admin/sales-channels", {"name": "Shop"})["sales_channel"]["id"]
        region = {"name": "Europe", "currency_code": "eur", "countries": ["de"], "payment_providers": [provider]}
        self.names["region"] = admin("POST", "/admin/regions", region)["region"]["id"]
        self.names["provider"] = provider
        place = {"name": "Warehouse", "address": {"address_1": "1", "country_code": "de"}}
        location = admin("POST", "/admin/stock-locations", place)["stock_location"]["id"]
        self.names["location"] = location
        admin("POST", f"/admin/stock-locations/{location}/sales-channels", {"add": [channel]})
        admin("POST", f"/admin/stock-locations/{location}/fulfillment-providers", {"add": ["manual_manual"]})
        profile = admin("POST", "/admin/shipping-profiles", {"name": "Parcels", "type": "default"})["shipping_profile"]["id"]
        path = f"/admin/stock-locations/{location}/fulfillment-sets"
        whole = admin("POST", f"{path}?fields=*fulfillment_sets", {"name": "Parcels", "type": "shipping"})["stock_location"]
        group = whole["fulfillment_sets"][0]["id"]
        zone = {"name": "Germany", "geo_zones": [{"type": "country", "country_code": "de"}]}
        zones = admin("POST", f"/admin/fulfillment-sets/{group}/service-zones", zone)["fulfillment_set"]["service_zones"]
        self.names["out"] = self._shipping("Parcel", zones[0]["id"], profile, 5, back=False)
        self.names["back"] = self._shipping("Return", zones[0]["id"], profile, 0, back=True)
        self.names["variant"] = self._article(channel, profile, location)
        key = admin("POST", "/admin/api-keys", {"title": "store", "type": "publishable"})["api_key"]
        admin("POST", f"/admin/api-keys/{key['id']}/sales-channels", {"add": [channel]})
        self.key = key["token"]

    def _shipping(self, name: str, zone: str, profile: str, price: int, *, back: bool) -> str:
        rules = [{"attribute": "is_return", "value": str(back).lower(), "operator": "eq"}]
        if not back:
            rules.append({"attribute": "enabled_in_store", "value": "true", "operator": "eq"})
        option = {
            "name": name,
            "service_zone_id": zone,
            "shipping_profile_id": profile,
            "provider_id": "manual_manual",
            "price_type": "flat",
            "type": {"label": name, "description": name, "code": name.lower()},
            "prices": [{"currency_code": "eur", "amount": price}],
            "rules": rules,
        }
        return str(self.call("POST", "/admin/shipping-options", option)["shipping_option"]["id"])

    def _article(self, channel: str, profile: str, location: str) -> str:
        variant = {
            "title": "One", "sku": "KETTLE-1", "options": {"Size": "One"}, "prices": [{"currency_code": "eur", "amount": 95}],
            "manage_inventory": True,
        }  # fmt: skip
        article = {
            "title": "Kettle", "status": "published", "shipping_profile_id": profile, "sales_channels": [{"id": channel}],
            "options": [{"title": "Size", "values": ["One"]}], "variants": [variant],
        }  # fmt: skip
        made = self.call("POST", "/admin/products", article)["product"]["variants"][0]["id"]
        item = self.call("GET", "/admin/inventory-items?sku=KETTLE-1")["inventory_items"][0]["id"]
        levels = {"location_id": location, "stocked_quantity": 1000}
        self.call("POST", f"/admin/inventory-items/{item}/location-levels", levels)
        return str(made)

    def order(self, quantity: int = 2, *, ship: bool = True) -> Order:
        """An order that is placed and paid, and, unless told otherwise, shipped and delivered."""
        address = {
            "first_name": "A", "last_name": "B", "address_1": "1", "city": "Berlin", "country_code": "de", "postal_code": "10115",
        }  # fmt: skip
        start = {
            "region_id": self.names["region"],
            "email": "a@example.com",
            "shipping_address": address,
            "billing_address": address,
        }
        cart = self.call("POST", "/store/carts", start)["cart"]["id"]
        self.call("POST", f"/store/carts/{cart}/line-items", {"variant_id": self.names["variant"], "quantity": quantity})
        self.call("POST", f"/store/carts/{cart}/shipping-methods", {"option_id": self.names["out"]})
        collection = self.call("POST", "/store/payment-collections", {"cart_id": cart})["payment_collection"]["id"]
        self.call("POST", f"/store/payment-collections/{collection}/payment-sessions", {"provider_id": self.names["provider"]})
        placed = self.call("POST", f"/store/carts/{cart}/complete")["order"]
        order = self.read(placed["id"])
        line, payment = order["items"][0]["id"], order["payment_collections"][0]["payments"][0]["id"]
        self.call("POST", f"/admin/payments/{payment}/capture", {})
        if ship:
            self._ship(order["id"], line, quantity)
        return Order(order["id"], payment, line, float(order["total"]))

    def _ship(self, order: str, line: str, quantity: int) -> None:
        items = [{"id": line, "quantity": quantity}]
        self.call("POST", f"/admin/orders/{order}/fulfillments", {"items": items, "location_id": self.names["location"]})
        parcel = self.call("GET", f"/admin/orders/{order}?fields=*fulfillments")["order"]["fulfillments"][0]["id"]
        label = {"tracking_number": f"OUT-{order[-6:]}", "tracking_url": "#", "label_url": "#"}
        shipment = {"items": items, "labels": [label]}
        self.call("POST", f"/admin/orders/{order}/fulfillments/{parcel}/shipments", shipment)
        self.call("POST", f"/admin/orders/{order}/fulfillments/{parcel}/mark-as-delivered", {})

    def read(self, order: str) -> dict[str, Any]:
        """An order with its payments."""
        fields = "*payment_collections.payments,*payment_collections.payments.refunds,*items,+total,+payment_status"
        return dict(self.call("GET", f"/admin/orders/{order}?fields={fields}")["order"])

    def announce(self, order: Order, quantity: int, *, staff: str) -> str:
        """A return that is asked for; with no items when the quantity is nought."""
        begun = self.call("POST", "/admin/returns", {"order_id": order.id, "location_id": self.names["location"]}, staff=staff)
        number = str(begun["return"]["id"])
        if quantity:
            items = {"items": [{"id": order.line, "quantity": quantity}]}
            self.call("POST", f"/admin/returns/{number}/request-items", items, staff=staff)
            way = {"shipping_option_id": self.names["back"]}
            self.call("POST", f"/admin/returns/{number}/shipping-method", way, staff=staff)
            self.call("POST", f"/admin/returns/{number}/request", {}, staff=staff)
        return number

    def receive(self, number: str, order: Order, quantity: int, *, staff: str) -> None:
        """The return is booked as received: the act that needs no parcel, and for a return of nothing not even a request."""
        if quantity:
            self.call("POST", f"/admin/returns/{number}/receive", {}, staff=staff)
            items = {"items": [{"id": order.line, "quantity": quantity}]}
            self.call("POST", f"/admin/returns/{number}/receive-items", items, staff=staff)
        self.call("POST", f"/admin/returns/{number}/receive/confirm", {}, staff=staff)

    def refund(self, order: Order, amount: float, *, staff: str) -> httpx.Response:
        """What the shop answers when staff pay money back."""
        return self.ask("POST", f"/admin/payments/{order.payment}/refund", {"amount": amount}, staff=staff)

    def refunds(self, order: Order) -> list[float]:
        """What the shop says it has paid back."""
        payments = self.read(order.id)["payment_collections"][0]["payments"]
        return [float(refund["amount"]) for refund in payments[0].get("refunds") or []]

    def pending(self) -> list[dict[str, Any]]:
        """The refunds that wait at the gate, as the plug-in shows them to staff."""
        return list(self.call("GET", "/admin/beleg/refunds")["refunds"])
