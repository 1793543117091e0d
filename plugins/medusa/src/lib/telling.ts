/** What happened in the shop, as the gate is told of it. Amounts are minor units; no name, address line or phone number leaves the shop. */
import { logins, type Query } from "../payment/claim"
import { MARK } from "../payment/service"
import { minorUnits } from "./money"

type Row = Record<string, any>

export interface Happening {
  /** Made of what happened, so that it is the same when Medusa tells of it again. */
  id: string
  data: Row
}

const ORDER = [
  "id", "currency_code", "created_at", "customer_id", "total", "shipping_address.postal_code", "shipping_address.country_code", "items.id",
  "items.variant_sku", "items.title", "items.quantity", "items.total",
]
const PARCEL = ["id", "provider_id", "created_at", "shipped_at", "delivered_at", "labels.tracking_number", "items.line_item_id", "items.quantity", "order.id"]
const RETURN = ["id", "order_id", "location_id", "created_at", "requested_at", "received_at", "items.item_id", "items.quantity", "items.received_quantity"]
const CHANGE = ["change_type", "created_by", "confirmed_by", "confirmed_at"]
const REFUNDS = [
  "id", "currency_code", "provider_id", "payment_collection.order.id", "refunds.id", "refunds.amount", "refunds.note", "refunds.created_at",
  "refunds.created_by", "refunds.metadata",
]

/** The events of Medusa that are told, and what each is told as. */
export const TOLD: Record<string, (query: Query, event: Row) => Promise<Happening[]>> = {
  "order.placed": placed,
  "order.canceled": cancelled,
  "order.fulfillment_created": (query, event) => parcels(query, event["fulfillment_id"], "created_at"),
  "shipment.created": (query, event) => parcels(query, event["id"], "shipped_at"),
  "delivery.created": (query, event) => parcels(query, event["id"], "delivered_at"),
  "order.return_requested": (query, event) => returned(query, event, "return_request", "requested_at"),
  "order.return_received": (query, event) => returned(query, event, "return_receive", "received_at"),
  "payment.refunded": refunded,
}

async function placed(query: Query, event: Row): Promise<Happening[]> {
  const { data: [order] } = (await query.graph({ entity: "order", fields: ORDER, filters: { id: event["id"] } })) as { data: Row[] }
  if (!order) return []
  const { id, currency_code, created_at, customer_id, total, shipping_address: to, items } = order
  const lines = items.map((item: Row) => ({
    id: item["id"], sku: item["variant_sku"], title: item["title"], quantity: Number(item["quantity"]), amount: minorUnits(item["total"], currency_code),
  }))
  const what = {
    id, currency: currency_code.toUpperCase(), placed_at: created_at, customer_id, total: minorUnits(total, currency_code), lines,
    postcode: to?.postal_code ?? null, country: to?.country_code?.toUpperCase() ?? null,
  }
  return [{ id, data: { order_id: id, order: what, actor: null, occurred_at: created_at } }]
}

async function cancelled(query: Query, event: Row): Promise<Happening[]> {
  const filters = { id: event["id"] }
  const { data: [order] } = (await query.graph({ entity: "order", fields: ["id", "canceled_at", "canceled_by"], filters })) as { data: Row[] }
  return order ? [{ id: order["id"], data: { order_id: order["id"], actor: null, occurred_at: order["canceled_at"] } }] : []
}

/** A label each: a fulfilment of several parcels has several tracking codes. */
async function parcels(query: Query, id: string, moment: string): Promise<Happening[]> {
  const { data: [parcel] } = (await query.graph({ entity: "fulfillment", fields: PARCEL, filters: { id } })) as { data: Row[] }
  if (!parcel?.["order"]) return []
  const lines = parcel["items"].map((item: Row) => ({ line_id: item["line_item_id"], quantity: Number(item["quantity"]) }))
  const codes: (string | null)[] = parcel["labels"]?.length ? parcel["labels"].map((label: Row) => label["tracking_number"]) : [null]
  const order_id = parcel["order"].id
  return codes.map((tracking_code, number) => {
    const named = number ? `${id}:${number}` : id
    const fulfillment = { id: named, method: parcel["provider_id"], tracking_code, lines }
    return { id: `${named}:${moment}`, data: { order_id, fulfillment, actor: null, occurred_at: parcel[moment] ?? parcel["created_at"] } }
  })
}

async function returned(query: Query, event: Row, change_type: string, moment: string): Promise<Happening[]> {
  const id = event["return_id"]
  const { data: [found] } = (await query.graph({ entity: "return", fields: RETURN, filters: { id } })) as { data: Row[] }
  if (!found) return []
  const { data: changes } = (await query.graph({ entity: "order_change", fields: CHANGE, filters: { return_id: id } })) as { data: Row[] }
  const change = changes.find((one) => one["change_type"] === change_type) ?? changes.at(-1)
  const lines = (found["items"] ?? []).map((item: Row) => ({
    line_id: item["item_id"], quantity: Number(item["quantity"]), received: Number(item["received_quantity"] ?? 0),
  }))
  const actor = await login(query, change?.["confirmed_by"] ?? change?.["created_by"])
  const occurred_at = found[moment] ?? change?.["confirmed_at"] ?? found["created_at"]
  return [{ id, data: { order_id: found["order_id"], return: { id, location_id: found["location_id"], lines }, actor, occurred_at } }]
}

/** Medusa names the payment only, so that all its refunds are told of; one that was told before is the same happening. */
async function refunded(query: Query, event: Row): Promise<Happening[]> {
  const { data: [payment] } = (await query.graph({ entity: "payment", fields: REFUNDS, filters: { id: event["id"] } })) as { data: Row[] }
  if (!payment) return []
  const order_id = payment["payment_collection"]?.order?.id ?? null
  return Promise.all((payment["refunds"] ?? []).map(async (row: Row) => {
    const refund = {
      id: row["id"], request: row["metadata"]?.[MARK] ?? null, amount: minorUnits(row["amount"], payment["currency_code"]),
      currency: payment["currency_code"].toUpperCase(), provider: payment["provider_id"], reason: row["note"] ?? null,
    }
    return { id: row["id"], data: { order_id, refund, actor: await login(query, row["created_by"]), occurred_at: row["created_at"] } }
  }))
}

async function login(query: Query, actor: string | null | undefined): Promise<string | null> {
  return actor ? ((await logins(query, [actor]))[actor] ?? null) : null
}
