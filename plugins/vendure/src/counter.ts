/** Where refunds are asked for, kept and paid: the one place of the plug-in that lets money go. */
import { randomUUID } from "node:crypto"
import { Desk, explain, Gate, type Log, newRequest, type RefundRequest, type Till } from "@beleg/gate-client"
import { Inject, Injectable } from "@nestjs/common"
import { HistoryEntryType } from "@vendure/common/lib/generated-types"
import {
  type CreateRefundResult, HistoryService, Logger, type Order, OrderService, PaymentMethodService, Refund, type RequestContext,
  RequestContextService, TransactionalConnection,
} from "@vendure/core"
import { claimOf, claimOfRefund } from "./claim"
import { behindGate, type RefundCall } from "./gated-handler"
import { BELEG_OPTIONS, type BelegOptions, LOGGER_CONTEXT } from "./options"
import { Requests } from "./stores"

const log: Log = {
  info: (message) => Logger.info(message, LOGGER_CONTEXT),
  warn: (message) => Logger.warn(message, LOGGER_CONTEXT),
  error: (message) => Logger.error(message, LOGGER_CONTEXT),
}

/** How long a refund may take from being asked for to being committed. */
const COMMITTED_BY_MS = 60_000

/** The payment provider said no, as opposed to not answering. */
class Declined extends Error {
  constructor(readonly result: CreateRefundResult) {
    super("the payment provider declined the refund")
  }
}

@Injectable()
export class Counter implements Till {
  private readonly gate: Gate

  constructor(
    @Inject(BELEG_OPTIONS) private readonly options: BelegOptions,
    private readonly connection: TransactionalConnection,
    private readonly contexts: RequestContextService,
    private readonly orders: OrderService,
    private readonly methods: PaymentMethodService,
    private readonly history: HistoryService,
  ) {
    this.gate = new Gate({ url: options.gateUrl, key: options.gateKey, ...(options.timeoutMs ? { timeoutMs: options.timeoutMs } : {}) })
  }

  /** Stands in for a payment method's own createRefund: asks first, pays when released, else leaves the refund pending. */
  async refund(call: RefundCall): Promise<false | CreateRefundResult> {
    const desk = this.desk(call.ctx)
    const payload = {
      channel: call.ctx.channel.token, order: call.order.id, payment: call.payment.id, by_hand: !call.automatic, input: call.input,
      since: Date.now(),
    }
    const claim = { ...(await claimOf(this.connection, `vnd_${randomUUID()}`, call)), ...this.options.describe?.(call) }
    const taken = await desk.take(newRequest(claim, payload, Date.now()))
    if (taken.state !== "released" || !call.automatic) {
      await this.note(call.ctx, call.order.id, taken)
      return { state: "Pending", metadata: { beleg: shown(taken) } }
    }
    try {
      const result = await desk.pay(taken, () => moved(call.send), () => null)
      return result && { ...result, metadata: { ...result.metadata, beleg: { request: taken.id } } }
    } catch (error) {
      if (error instanceof Declined) return error.result
      throw error
    }
  }

  /** Whether a pending refund may become settled: undefined if so, else the sentence that says why not. */
  async maySettle(ctx: RequestContext, order: Order, refund: Refund): Promise<string | undefined> {
    const id = requestOf(refund) ?? `vnd_refund_${refund.id}`
    const request = await new Requests(this.connection, ctx).get(id)
    if (!request) {
      const claim = await claimOfRefund(this.connection, id, ctx, order, refund)
      const payload = { channel: ctx.channel.token, order: order.id, payment: refund.payment.id, by_hand: true, refund: refund.id, since: Date.now() }
      this.afterwards(() => this.desk().take(newRequest(claim, payload, Date.now())))
      return "Beleg was not asked about this refund yet, and is asked now. Settle it again in a moment."
    }
    if (request.state === "paying" || request.state === "paid") return undefined
    if (request.state === "released") {
      try {
        await this.desk(ctx).pay(request, async () => refund.id, String)
        return undefined
      } catch (error) {
        this.afterwards(() => this.desk().revive(request))
        return `Beleg: ${(error as Error).message}. Settle it again in a moment.`
      }
    }
    if (request.state === "waiting") this.afterwards(() => this.desk().revive(request))
    return explain(request)
  }

  async sweep(): Promise<void> {
    await this.desk().sweep(this)
  }

  async wake(decisionId: string): Promise<RefundRequest | null> {
    return this.desk().wake(decisionId, this)
  }

  byHand(request: RefundRequest): boolean {
    return request.payload["by_hand"] === true
  }

  /** Pays a refund that was held and is released now, by the payment method's own way, and settles it. */
  async pay(request: RefundRequest): Promise<void> {
    const refund = await this.find(request)
    if (!refund && Date.now() - Number(request.payload["since"]) < COMMITTED_BY_MS) throw new Error("the refund is not committed yet")
    const ctx = await this.context(request)
    let result: CreateRefundResult
    try {
      result = await this.desk().pay(request, () => this.send(ctx, refund, request), () => (refund ? String(refund.id) : null))
    } catch (error) {
      if (refund && (await this.request(request.id))?.state === "failed") await this.record(ctx, refund, request, { state: "Failed" })
      throw error
    }
    if (refund) await this.record(ctx, refund, request, result)
  }

  /** What staff found at the payment provider about a refund that broke off. */
  async end(ctx: RequestContext, id: string, paid: boolean): Promise<boolean> {
    const request = await this.request(id)
    const refund = request && (await this.find(request))
    if (!request || !(await this.desk().end(id, paid ? "paid" : "failed", refund ? String(refund.id) : null))) return false
    if (refund?.state === "Pending") await this.record(ctx, refund, request, { state: paid ? "Settled" : "Failed", transactionId: refund.transactionId })
    return true
  }

  async look(request: RefundRequest): Promise<"paid" | "not paid" | "unknown"> {
    return (await this.find(request))?.state === "Settled" ? "paid" : "unknown"
  }

  async refundId(request: RefundRequest): Promise<string | null> {
    const refund = await this.find(request)
    return refund ? String(refund.id) : null
  }

  async changed(request: RefundRequest): Promise<void> {
    const ctx = await this.context(request)
    await this.note(ctx, request.payload["order"] as string, request)
    const refund = await this.find(request)
    if (!refund) return
    const metadata = { ...refund.metadata, beleg: shown(request) }
    await this.connection.getRepository(ctx, Refund).update({ id: refund.id }, { metadata: metadata as object })
  }

  async request(id: string): Promise<RefundRequest | null> {
    return new Requests(this.connection).get(id)
  }

  private async send(ctx: RequestContext, refund: Refund | null, request: RefundRequest): Promise<CreateRefundResult> {
    if (!refund || refund.state !== "Pending") throw new Error(`the shop has no pending refund for request ${request.id} any more`)
    const { handler, paymentMethod } = await this.methods.getMethodAndOperations(ctx, refund.payment.method)
    const original = behindGate(handler)
    if (!original) throw new Error(`payment method ${refund.payment.method} is not behind the gate`)
    const input = request.payload["input"] as RefundCall["input"]
    const args = paymentMethod.handler.args
    const result = await moved(() => original.createRefund(ctx, input, refund.total, refund.payment.order, refund.payment, args, paymentMethod))
    if (!result) throw new Error(`payment method ${refund.payment.method} moves no money by itself`)
    return result
  }

  private async record(ctx: RequestContext, refund: Refund, request: RefundRequest, result: CreateRefundResult): Promise<void> {
    await this.connection.withTransaction(ctx, async (inside) => {
      const metadata = { ...refund.metadata, ...result.metadata, beleg: { request: request.id } }
      await this.connection.getRepository(inside, Refund).update({ id: refund.id }, { metadata: metadata as object })
      if (result.state !== "Pending") await this.orders.transitionRefundToState(inside, refund.id, result.state, result.transactionId)
    })
  }

  /** The shop's refund for a request: its number is known only once Vendure has written it. */
  private async find(request: RefundRequest): Promise<Refund | null> {
    const refunds = await this.connection.rawConnection.getRepository(Refund).find({
      where: { payment: { id: request.payload["payment"] as string } },
      relations: { payment: { order: true } },
    })
    return refunds.find((refund) => requestOf(refund) === request.id || refund.id === request.payload["refund"]) ?? null
  }

  private desk(ctx?: RequestContext): Desk {
    return new Desk(this.gate, new Requests(this.connection, ctx), { openMode: this.options.openMode, log, tellLater: ctx !== undefined })
  }

  private context(request: RefundRequest): Promise<RequestContext> {
    return this.contexts.create({ apiType: "admin", channelOrToken: request.payload["channel"] as string })
  }

  private async note(ctx: RequestContext, orderId: string | number, request: RefundRequest): Promise<void> {
    const note = this.byHand(request) && request.state === "released" ? `Beleg: request ${request.id} is released; the refund may be settled.` : `Beleg: ${explain(request)}`
    await this.history.createHistoryEntryForOrder({ ctx, orderId, type: HistoryEntryType.ORDER_NOTE, data: { note } }, false)
  }

  /** Outside the caller's transaction, which is rolled back when a transition is refused. */
  private afterwards(work: () => Promise<unknown>): void {
    setTimeout(() => void work().catch((error: Error) => log.error(`Beleg: ${error.message}`)), 0)
  }
}

/** Runs a payment method; a refund it declines is no money moved. */
async function moved<T extends false | CreateRefundResult>(send: () => Promise<T>): Promise<T> {
  const result = await send()
  if (result && result.state === "Failed") throw new Declined(result)
  return result
}

function requestOf(refund: Refund): string | undefined {
  return (refund.metadata as { beleg?: { request?: string } } | null)?.beleg?.request
}

/** What the admin interface shows with the refund. */
function shown(request: RefundRequest): Record<string, unknown> {
  const { id, state, decision_id, reasons, would_release, deadline } = request
  return { request: id, state, decision_id, reasons, would_release, deadline }
}
