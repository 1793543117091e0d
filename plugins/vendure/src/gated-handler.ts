/** A payment method whose way to give money back leads through the gate: nothing that Vendure or a plug-in calls goes round it. */
import { type CreateRefundResult, IllegalOperationError, type Order, type Payment, type PaymentMethod, type PaymentMethodHandler, type RequestContext } from "@vendure/core"

type RefundArguments = Parameters<PaymentMethodHandler["createRefund"]>

/** One refund as Vendure is about to make it. */
export interface RefundCall {
  ctx: RequestContext
  input: RefundArguments[1]
  amount: number
  order: Order
  payment: Payment
  method: PaymentMethod
  /** Whether the payment method can move the money itself; otherwise a person does, and settles the refund afterwards. */
  automatic: boolean
  send: () => Promise<false | CreateRefundResult>
}

export type RefundGuard = (call: RefundCall) => Promise<false | CreateRefundResult>

/** Cancelling a settled payment may give the money back without a refund, so that there is nothing the gate could be asked about. */
const NOT_CANCELLED = "Beleg: a settled payment is not cancelled but refunded, so that the gate is asked. Use refundOrder."

const ORIGINAL = Symbol("the payment method behind the gate")
type Gated = PaymentMethodHandler & { [ORIGINAL]?: PaymentMethodHandler }

/** The handler behind the gate, or undefined for one that is not gated. Only what has claimed a released request may use it. */
export function behindGate(handler: PaymentMethodHandler): PaymentMethodHandler | undefined {
  return (handler as Gated)[ORIGINAL]
}

export function gated(handler: PaymentMethodHandler, guard: () => RefundGuard): PaymentMethodHandler {
  if (behindGate(handler)) return handler
  const door = Object.create(handler) as Gated
  door[ORIGINAL] = handler
  door.createRefund = async (ctx, input, amount, order, payment, args, method) => {
    const send = () => handler.createRefund(ctx, input, amount, order, payment, args, method)
    return guard()({ ctx, input, amount, order, payment, method, automatic: isAutomatic(handler), send })
  }
  door.cancelPayment = async (ctx, order, payment, args, method) => {
    if (payment.state === "Settled") throw new IllegalOperationError(NOT_CANCELLED)
    return handler.cancelPayment(ctx, order, payment, args, method)
  }
  return door
}

/** Vendure keeps the shop's own function in a private field; where a later version has none, the method counts as one that moves money. */
function isAutomatic(handler: PaymentMethodHandler): boolean {
  return !("createRefundFn" in handler) || handler["createRefundFn"] !== undefined
}
