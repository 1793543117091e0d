/** Lets a refund stay pending while it is held, and become settled only with the gate's leave. */
import type { PaymentOptions } from "@vendure/core"
import type { Counter } from "./counter"

type RefundProcess = NonNullable<PaymentOptions["refundProcess"]>[number]

/**
 * Vendure ignores a bare `false` here and takes the new state all the same (3.7.3), so that a refusal has to be a sentence.
 */
export function gatedRefundProcess(counter: () => Counter): RefundProcess {
  return {
    transitions: { Pending: { to: ["Pending"], mergeStrategy: "merge" } },
    async onTransitionStart(fromState, toState, { ctx, order, refund }) {
      if (fromState !== "Pending" || toState !== "Settled") return true
      return (await counter().maySettle(ctx, order, refund)) ?? true
    },
  }
}
