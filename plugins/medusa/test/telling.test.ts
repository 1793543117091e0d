import assert from "node:assert/strict"
import { test } from "node:test"
import { TOLD } from "../src/lib/telling"
import type { Query } from "../src/payment/claim"

const rows: Record<string, Record<string, unknown>[]> = {
  order: [{
    id: "order_1", currency_code: "eur", created_at: "2026-01-01T10:00:00Z", canceled_at: "2026-01-02T10:00:00Z", customer_id: "cus_1", total: 195.5,
    email: "customer@example.com", shipping_address: { postal_code: "10115", country_code: "de" },
    items: [{ id: "ordli_1", variant_sku: "KETTLE-1", title: "Kettle", quantity: 2, total: 190 }],
  }],
  fulfillment: [{
    id: "ful_1", provider_id: "manual", created_at: "2026-01-02T00:00:00Z", shipped_at: "2026-01-03T00:00:00Z", order: { id: "order_1" },
    labels: [{ tracking_number: "T1" }, { tracking_number: "T2" }], items: [{ line_item_id: "ordli_1", quantity: 2 }],
  }],
  return: [{
    id: "return_1", order_id: "order_1", location_id: "sloc_1", created_at: "2026-01-05T00:00:00Z", requested_at: null, received_at: "2026-01-06T00:00:00Z",
    items: [{ item_id: "ordli_1", quantity: 1, received_quantity: 1 }],
  }],
  order_change: [
    { change_type: "return_request", created_by: "user_1", confirmed_by: "user_1", confirmed_at: "2026-01-05T00:00:01Z" },
    { change_type: "return_receive", created_by: "user_2", confirmed_by: "user_2", confirmed_at: "2026-01-06T00:00:00Z" },
  ],
  payment: [{
    id: "pay_1", currency_code: "eur", provider_id: "pp", payment_collection: { order: { id: "order_1" } },
    refunds: [
      { id: "ref_1", amount: 95, note: "kettle", created_at: "2026-01-07T00:00:00Z", created_by: "user_1", metadata: { beleg_request: "mds_1" } },
      { id: "ref_2", amount: 1, note: null, created_at: "2026-01-08T00:00:00Z", created_by: "apk_1", metadata: null },
    ],
  }],
  user: [{ id: "user_1", email: "first@example.com" }, { id: "user_2", email: "second@example.com" }],
}

const query = { graph: async ({ entity }: { entity: string }) => ({ data: rows[entity] ?? [] }) } as unknown as Query
const told = (event: string, data: object) => TOLD[event]!(query, data)

test("an order is told of with its lines in minor units, and without who the customer is", async () => {
  const [placed] = await told("order.placed", { id: "order_1" })
  assert.deepEqual(placed!.data["order"], {
    id: "order_1", currency: "EUR", placed_at: "2026-01-01T10:00:00Z", customer_id: "cus_1", total: 19550, postcode: "10115", country: "DE",
    lines: [{ id: "ordli_1", sku: "KETTLE-1", title: "Kettle", quantity: 2, amount: 19000 }],
  })
  assert.ok(!JSON.stringify(placed).includes("customer@example.com"))
})

test("a shipment of two parcels is two happenings", async () => {
  const both = await told("shipment.created", { id: "ful_1" })
  assert.deepEqual(both.map(({ id, data }) => [id, data["fulfillment"].tracking_code, data["occurred_at"]]), [
    ["ful_1:shipped_at", "T1", "2026-01-03T00:00:00Z"], ["ful_1:1:shipped_at", "T2", "2026-01-03T00:00:00Z"],
  ])
})

test("who asked for a return and who received it are named by their logins", async () => {
  const event = { order_id: "order_1", return_id: "return_1" }
  const [asked] = await told("order.return_requested", event)
  const [received] = await told("order.return_received", event)
  assert.deepEqual([asked!.data["actor"], asked!.data["occurred_at"]], ["first@example.com", "2026-01-05T00:00:01Z"])
  assert.deepEqual([received!.data["actor"], received!.data["return"].lines], ["second@example.com", [{ line_id: "ordli_1", quantity: 1, received: 1 }]])
})

test("every refund of a payment is told of with the request it was paid for; one that went round has none", async () => {
  const both = await told("payment.refunded", { id: "pay_1" })
  assert.deepEqual(both.map(({ id, data }) => [id, data["refund"].amount, data["refund"].request, data["actor"]]), [
    ["ref_1", 9500, "mds_1", "first@example.com"], ["ref_2", 100, null, "apk_1"],
  ])
})

test("what is not there any more is not told of", async () => {
  const nothing = { graph: async () => ({ data: [] }) } as unknown as Query
  for (const name of Object.keys(TOLD)) assert.deepEqual(await TOLD[name]!(nothing, { id: "x", return_id: "x", fulfillment_id: "x" }), [])
})
