/** What Vendure knows about a refund, as the gate wants to hear it. Vendure's amounts are minor units already. */
import type { Claim } from "@beleg/gate-client"
import { Order, type Refund, RefundLine, type RequestContext, type TransactionalConnection, User } from "@vendure/core"
import type { RefundCall } from "./gated-handler"

export async function claimOf(connection: TransactionalConnection, id: string, call: RefundCall): Promise<Claim> {
  const lines = (call.input.lines ?? []).filter((line) => line.quantity > 0)
  return claim(connection, call.ctx, { id, order: call.order, amount: call.amount, reason: call.input.reason, lines })
}

/** For a refund that is there already and that the gate was never asked about. */
export async function claimOfRefund(connection: TransactionalConnection, id: string, ctx: RequestContext, order: Order, refund: Refund): Promise<Claim> {
  const lines = await connection.getRepository(ctx, RefundLine).findBy({ refundId: refund.id })
  return claim(connection, ctx, { id, order, amount: refund.total, reason: refund.reason, lines })
}

interface Asked {
  id: string
  order: Order
  amount: number
  reason: string | null | undefined
  lines: { orderLineId: string | number; quantity: number }[]
}

async function claim(connection: TransactionalConnection, ctx: RequestContext, { id, order, amount, reason, lines }: Asked): Promise<Claim> {
  const [line, ...others] = lines
  const requester = await login(connection, ctx)
  const customer = order.customer ?? (await connection.getRepository(ctx, Order).findOne({ where: { id: order.id }, relations: { customer: true } }))?.customer
  return {
    refund_id: id,
    order_id: order.code,
    ...(line && others.length === 0 ? { line_id: String(line.orderLineId), quantity: line.quantity } : {}),
    amount,
    currency: order.currencyCode,
    trigger: "manual",
    channel: "vendure",
    ...(customer ? { account_id: String(customer.id) } : {}),
    ...(reason?.trim() ? { reason: reason.trim().slice(0, 2000) } : {}),
    ...(requester ? { requester } : {}),
  }
}

/** Who is signed in to the admin interface; a customer or a system leaves it empty. */
export async function login(connection: TransactionalConnection, ctx: RequestContext): Promise<string | null> {
  if (ctx.apiType !== "admin" || !ctx.activeUserId) return null
  const user = await connection.getRepository(ctx, User).findOneBy({ id: ctx.activeUserId })
  return user?.identifier ?? null
}
