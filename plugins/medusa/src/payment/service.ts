/** Medusa's payment module with the gate in front of the one method through which every refund is paid. */
import { randomUUID } from "node:crypto"
import { explain, newRequest, type RefundRequest } from "@beleg/gate-client"
import type { Context, CreateRefundDTO, PaymentDTO } from "@medusajs/framework/types"
import { ContainerRegistrationKeys, MathBN, MedusaError } from "@medusajs/framework/utils"
import { PaymentModuleService } from "@medusajs/payment/dist/services"
import { BELEG } from "../modules/beleg"
import type BelegService from "../modules/beleg/service"
import { AlreadyOpen } from "../modules/beleg/stores"
import { claimOf, type Query } from "./claim"

interface Cradle {
  [BELEG]?: BelegService
  [ContainerRegistrationKeys.QUERY]?: Query
}

/** Marks a refund of the shop with the request it was paid for. */
export const MARK = "beleg_request"

export default class GatedPaymentModuleService extends PaymentModuleService {
  /** By this the plug-in sees that the shop's payment module is this one. */
  readonly behindGate = true
  private readonly cradle: Cradle

  constructor(...given: ConstructorParameters<typeof PaymentModuleService>) {
    super(...given)
    this.cradle = given[0] as unknown as Cradle
  }

  override async refundPayment(data: CreateRefundDTO, sharedContext?: Context): Promise<PaymentDTO> {
    const { beleg, query } = this.parts()
    const payment = await this.retrievePayment(data.payment_id, { relations: ["captures", "refunds"] }, sharedContext)
    const request = await this.requestFor(beleg, query, payment, data)
    if (request.state !== "released") throw new MedusaError(MedusaError.Types.NOT_ALLOWED, explain(request))
    const metadata = { ...data.metadata, [MARK]: request.id }
    const send = (): Promise<PaymentDTO> => super.refundPayment({ ...data, metadata }, sharedContext)
    return beleg.desk.pay(request, send, (paid) => markedRefund(paid, request.id))
  }

  /** Cancelling what has been captured may give the money back without a refund, so that there is nothing the gate could be asked about. */
  override async cancelPayment(paymentId: string, sharedContext?: Context): Promise<PaymentDTO> {
    const payment = await this.retrievePayment(paymentId, { relations: ["captures", "refunds"] }, sharedContext)
    const total = (rows: { amount: unknown }[] | undefined) => (rows ?? []).reduce((sum, row) => MathBN.add(sum, row.amount as number), MathBN.convert(0))
    if (MathBN.gt(total(payment.captures), total(payment.refunds))) {
      throw new MedusaError(MedusaError.Types.NOT_ALLOWED, "Beleg: a captured payment is not cancelled but refunded, so that the gate is asked.")
    }
    return super.cancelPayment(paymentId, sharedContext)
  }

  /** The request that this refund belongs to: the one it was held under, else a new one, about which the gate is asked now. */
  private async requestFor(beleg: BelegService, query: Query, payment: PaymentDTO, data: CreateRefundDTO): Promise<RefundRequest> {
    const amount = String(data.amount == null ? payment.amount : MathBN.convert(data.amount as number))
    const open = await beleg.requests.open(payment.id, amount)
    if (open) return open
    const { payment_id, refund_reason_id, note, created_by } = data
    const payload = { payment_id, amount, refund_reason_id, note, created_by }
    const claim = await claimOf(query, `mds_${randomUUID()}`, payment, data)
    try {
      return await beleg.desk.take(newRequest(claim, payload, Date.now()))
    } catch (error) {
      const first = error instanceof AlreadyOpen ? await beleg.requests.open(payment.id, amount) : null
      if (first) return first
      throw error
    }
  }

  private parts(): { beleg: BelegService; query: Query } {
    const [beleg, query] = [this.cradle[BELEG], this.cradle[ContainerRegistrationKeys.QUERY]]
    if (!beleg || !query) {
      throw new MedusaError(
        MedusaError.Types.UNEXPECTED_STATE,
        `Beleg: nothing is paid, since the payment module lacks ${beleg ? "query" : "beleg"}: add dependencies: ["beleg", "query"] to it in medusa-config`,
      )
    }
    return { beleg, query }
  }
}

/** The shop's number of the refund that was paid for a request. */
export function markedRefund(payment: PaymentDTO, request: string): string | null {
  const refunds = (payment.refunds ?? []) as { id: string; metadata?: Record<string, unknown> | null }[]
  return refunds.find((refund) => refund.metadata?.[MARK] === request)?.id ?? null
}
