/** What the shop sets. */
import type { Claim, OpenMode } from "@beleg/gate-client"
import type { RefundCall } from "./gated-handler"

export interface BelegOptions {
  /** Where the gate listens. */
  gateUrl: string
  /** An API key of the gate that may ask for decisions. */
  gateKey: string
  /** Signs what the shop tells the gate ("whsec_..."). Without it the gate is told nothing. */
  eventSecret?: string
  /** Verifies what the gate tells the shop; several while a secret is being changed. */
  webhookSecret: string | string[]
  /** How long a refund waits for an answer, in milliseconds. */
  timeoutMs?: number
  /** How often pending refunds are looked at, in milliseconds; 0 switches it off. */
  sweepMs?: number
  /** Below which amounts (minor units, by currency) refunds are paid while the gate does not answer. Off unless set. */
  openMode?: OpenMode
  /** What Vendure does not know of a refund and the shop does: which return it belongs to, and of which class it is. */
  describe?: (call: RefundCall) => Partial<Pick<Claim, "rma_id" | "claim_id" | "stated_class" | "claim_kind" | "trigger" | "line_id" | "quantity">>
}

/** Under which name Nest hands the options on. */
export const BELEG_OPTIONS = Symbol("BELEG_OPTIONS")
export const LOGGER_CONTEXT = "Beleg"
