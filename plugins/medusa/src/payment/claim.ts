/** What Medusa knows about a refund, as the gate wants to hear it. */
import type { Claim } from "@beleg/gate-client"
import type { CreateRefundDTO, PaymentDTO, RemoteQueryFunction } from "@medusajs/framework/types"
import { minorUnits } from "../lib/money"

interface Item {
  item_id: string
  quantity: number
}

interface Order {
  id: string
  status: string
  customer_id: string | null
}

/** A failed checkout gives its payment back without an order; the gate then hears the payment collection's number. */
export async function claimOf(query: Query, id: string, payment: PaymentDTO, data: CreateRefundDTO): Promise<Claim> {
  const order = await orderOf(query, payment.payment_collection_id)
  const back = order && (await newestReturn(query, order.id))
  const [item, ...others] = back?.items ?? []
  const reason = [await label(query, data.refund_reason_id), data.note].filter(Boolean).join(": ")
  return {
    refund_id: id,
    order_id: order?.id ?? payment.payment_collection_id,
    amount: minorUnits(data.amount ?? payment.amount, payment.currency_code),
    currency: payment.currency_code.toUpperCase(),
    trigger: back?.received ? "on_receipt" : "manual",
    channel: "medusa",
    ...(back ? { rma_id: back.id, stated_class: "return" as const } : {}),
    ...(order?.status === "canceled" ? { stated_class: "cancelled" as const } : {}),
    ...(item && others.length === 0 ? { line_id: item.item_id, quantity: Number(item.quantity) } : {}),
    ...(order?.customer_id ? { account_id: order.customer_id } : {}),
    ...(reason ? { reason: reason.slice(0, 2000) } : {}),
    ...(data.created_by ? { requester: (await logins(query, [data.created_by]))[data.created_by]! } : {}),
  }
}

export type Query = Omit<RemoteQueryFunction, symbol>

export async function orderOf(query: Query, collection: string): Promise<Order | null> {
  const filters = { payment_collection_id: collection }
  const { data } = await query.graph({ entity: "order_payment_collection", fields: ["order.id", "order.status", "order.customer_id"], filters })
  return ((data[0] as { order?: Order } | undefined)?.order) ?? null
}

/** Medusa ties no refund to a return: the newest return that was not called off is the one that is being paid back. */
async function newestReturn(query: Query, orderId: string): Promise<{ id: string; received: boolean; items: Item[] } | null> {
  const fields = ["id", "status", "created_at", "items.item_id", "items.quantity"]
  const { data } = await query.graph({ entity: "return", fields, filters: { order_id: orderId } })
  const live = data.filter((one) => one.status !== "canceled").sort((a, b) => +new Date(b.created_at) - +new Date(a.created_at))
  const found = live[0]
  return found ? { id: found.id, received: found.status === "received", items: (found.items ?? []) as Item[] } : null
}

/** Medusa notes who acted by a number; the roster of the shop knows people by what they sign in with. What is no user keeps its number. */
export async function logins(query: Query, actors: string[]): Promise<Record<string, string>> {
  const { data: users } = await query.graph({ entity: "user", fields: ["id", "email"], filters: { id: actors } })
  const emails = new Map(users.map((user) => [user.id, user.email]))
  return Object.fromEntries(actors.map((actor) => [actor, emails.get(actor) ?? actor]))
}

async function label(query: Query, reasonId: string | null | undefined): Promise<string | null> {
  if (!reasonId) return null
  const { data } = await query.graph({ entity: "refund_reason", fields: ["label"], filters: { id: reasonId } })
  return data[0]?.label ?? null
}
