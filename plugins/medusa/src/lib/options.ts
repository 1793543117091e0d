/** What the shop sets, in the plug-in's options. */
import type { OpenMode } from "@beleg/gate-client"

export interface BelegOptions {
  /** Where the gate listens. */
  gateUrl: string
  /** An API key of the gate that may ask for decisions. */
  gateKey: string
  /** Verifies what the gate tells the shop; several while a secret is being changed. */
  webhookSecret: string | string[]
  /** Signs what the shop tells the gate ("whsec_..."). Without it the gate is told nothing. */
  eventSecret?: string
  /** How long a refund waits for an answer, in milliseconds. */
  timeoutMs?: number
  /** Below which amounts (minor units, by currency) refunds are paid while the gate does not answer. Off unless set. */
  openMode?: OpenMode
}
