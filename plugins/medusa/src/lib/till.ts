/** Pays what was held and is released now, through Medusa's own workflows, and looks what became of what broke off. */
import type { RefundRequest, Till } from "@beleg/gate-client"
import { refundPaymentsWorkflow, refundPaymentWorkflow } from "@medusajs/medusa/core-flows"
import type { IPaymentModuleService, MedusaContainer } from "@medusajs/framework/types"
import { ContainerRegistrationKeys, Modules } from "@medusajs/framework/utils"
import { BELEG } from "../modules/beleg"
import type BelegService from "../modules/beleg/service"
import { orderOf, type Query } from "../payment/claim"
import { markedRefund } from "../payment/service"

interface Payload {
  payment_id: string
  amount: string
  refund_reason_id?: string
  note?: string
  created_by?: string
}

export class MedusaTill implements Till {
  private readonly payments: IPaymentModuleService
  private readonly beleg: BelegService

  constructor(private readonly container: MedusaContainer) {
    this.payments = container.resolve(Modules.PAYMENT)
    this.beleg = container.resolve(BELEG)
  }

  /** The payment module finds the request by payment and amount, and is the one that claims it. */
  async pay(request: RefundRequest): Promise<void> {
    const { payment_id, amount, ...rest } = request.payload as unknown as Payload
    const input = { payment_id, amount: Number(amount), ...rest }
    const payment = await this.payments.retrievePayment(payment_id)
    const order = await orderOf(this.container.resolve<Query>(ContainerRegistrationKeys.QUERY), payment.payment_collection_id)
    if (!order) await this.payments.refundPayment(input)
    else if (order.status === "canceled") await refundPaymentsWorkflow(this.container).run({ input: [input] })
    else await refundPaymentWorkflow(this.container).run({ input })
    const after = await this.beleg.requests.get(request.id)
    if (after?.state === "released") throw new Error(`request ${request.id} is released, but Medusa did not pay it`)
  }

  /** Medusa writes the refund before it calls the payment provider and takes it back if that fails. */
  async look(request: RefundRequest): Promise<"not paid" | "unknown"> {
    const { payment_id } = request.payload as unknown as Payload
    const payment = await this.payments.retrievePayment(payment_id, { relations: ["refunds"] })
    return markedRefund(payment, request.id) ? "unknown" : "not paid"
  }
}
