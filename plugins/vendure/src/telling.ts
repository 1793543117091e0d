/** Tells the gate what happens in the shop: orders, parcels, payments, refunds, staff at work. Amounts are minor units. */
import { Outbox } from "@beleg/gate-client"
import { Inject, Injectable } from "@nestjs/common"
import {
  AttemptedLoginEvent, EventBus, FulfillmentStateTransitionEvent, LoginEvent, Logger, Order, OrderPlacedEvent, OrderStateTransitionEvent, PaymentStateTransitionEvent,
  RefundEvent, RefundLine, RefundStateTransitionEvent, type RequestContext, TransactionalConnection, type VendureEvent,
} from "@vendure/core"
import { login } from "./claim"
import { BELEG_OPTIONS, type BelegOptions, LOGGER_CONTEXT } from "./options"
import { Events } from "./stores"

type Json = Record<string, unknown>
type Kind<T extends VendureEvent> = new (...args: never[]) => T

@Injectable()
export class Telling {
  private readonly outbox: Outbox | null

  constructor(
    @Inject(BELEG_OPTIONS) options: BelegOptions,
    private readonly bus: EventBus,
    private readonly connection: TransactionalConnection,
  ) {
    const url = `${options.gateUrl.replace(/\/+$/, "")}/v1/webhooks/vendure`
    this.outbox = options.eventSecret ? new Outbox(new Events(connection), { url, secret: options.eventSecret }) : null
  }

  /** `also` is called after a refund has changed, to tell the gate what became of its reservation. */
  listen(also: () => Promise<void>): void {
    this.on(OrderPlacedEvent, async ({ ctx, order }) => this.put(`order.placed:${order.code}`, "order.placed", ctx, { order: await this.order(order) }))
    this.on(FulfillmentStateTransitionEvent, async ({ ctx, fulfillment, toState }) => {
      const lines = fulfillment.lines?.map((line) => ({ line_id: String(line.orderLineId), quantity: line.quantity }))
      for (const order of fulfillment.orders ?? []) {
        const { id, method, trackingCode } = fulfillment
        const parcel = { id: String(id), state: toState, method, tracking_code: trackingCode || null, lines }
        await this.put(`fulfillment:${id}:${toState}`, "fulfillment.changed", ctx, { order_id: order.code, fulfillment: parcel })
      }
    })
    this.on(PaymentStateTransitionEvent, async ({ ctx, order, payment, toState }) => {
      const { id, amount, method, transactionId } = payment
      const what = { id: String(id), state: toState, amount, currency: order.currencyCode, method, transaction_id: transactionId || null }
      await this.put(`payment:${id}:${toState}`, "payment.changed", ctx, { order_id: order.code, payment: what })
    })
    this.on(OrderStateTransitionEvent, async ({ ctx, order, toState }) => {
      if (toState === "Cancelled") await this.put(`order.cancelled:${order.code}`, "order.cancelled", ctx, { order_id: order.code })
    })
    this.on(RefundEvent, async ({ ctx, order, refund }) => this.refund(ctx, order, refund, refund.state))
    this.on(RefundStateTransitionEvent, async ({ ctx, order, refund, toState }) => {
      await this.refund(ctx, order, refund, toState)
      await also()
    })
    this.on(LoginEvent, async ({ ctx, user }) => this.staff(ctx, user.identifier, "logon"))
    this.on(AttemptedLoginEvent, async ({ ctx, identifier }) => this.staff(ctx, identifier ?? "", "attempt"))
  }

  async flush(): Promise<void> {
    await this.outbox?.flush()
  }

  /** A pending refund is a request, which the gate was asked about; as a refund it would count as money that has left. */
  private async refund(ctx: RequestContext, order: Order, refund: RefundEvent["refund"], state: string): Promise<void> {
    if (state === "Pending") return
    const lines = await this.connection.rawConnection.getRepository(RefundLine).findBy({ refundId: refund.id })
    const what = {
      id: String(refund.id), state, amount: refund.total, currency: order.currencyCode, method: refund.method, reason: refund.reason || null,
      transaction_id: refund.transactionId || null, request: (refund.metadata as { beleg?: { request?: string } })?.beleg?.request ?? null,
      lines: lines.map((line) => ({ line_id: String(line.orderLineId), quantity: line.quantity })),
    }
    await this.put(`refund:${refund.id}:${state}`, "refund.changed", ctx, { order_id: order.code, refund: what })
  }

  private async order(order: Order): Promise<Json> {
    const whole = await this.connection.rawConnection.getRepository(Order).findOneOrFail({
      where: { id: order.id },
      relations: { lines: { productVariant: { translations: true } }, customer: true },
      relationLoadStrategy: "query",
    })
    return {
      id: String(whole.id), code: whole.code, currency: whole.currencyCode, placed_at: whole.orderPlacedAt?.toISOString() ?? null,
      total: whole.totalWithTax, customer_id: whole.customer ? String(whole.customer.id) : null,
      postcode: whole.shippingAddress?.postalCode ?? null, country: whole.shippingAddress?.countryCode ?? null,
      lines: whole.lines.map((line) => ({
        id: String(line.id), sku: line.productVariant.sku, title: line.productVariant.translations[0]?.name ?? null, quantity: line.quantity,
        amount: line.proratedLinePriceWithTax,
      })),
    }
  }

  /** Only who works in the admin interface: customers' sign-ins are not staff's. */
  private async staff(ctx: RequestContext, identifier: string, activity: string): Promise<void> {
    if (ctx.apiType !== "admin" || !identifier) return
    await this.put(`staff:${identifier}:${activity}:${Date.now()}`, "staff.signed_in", ctx, { login: identifier, activity, ip: ctx.req?.ip ?? null })
  }

  private async put(id: string, type: string, ctx: RequestContext, data: Json): Promise<void> {
    await this.outbox?.put(`vendure:${id}`, type, { ...data, actor: await login(this.connection, ctx), occurred_at: new Date().toISOString() })
  }

  private on<T extends VendureEvent>(kind: Kind<T>, then: (event: T) => Promise<void>): void {
    this.bus.ofType(kind as never).subscribe((event) => {
      then(event as T).then(() => this.flush()).catch((error: Error) => Logger.error(`telling the gate of ${kind.name}: ${error.message}`, LOGGER_CONTEXT))
    })
  }
}
