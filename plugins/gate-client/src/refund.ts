/** A refund on its way through the gate, as the shop's own database keeps it. */
import type { Answer, Claim } from "./answer"

/**
 * waiting   asked for, no answer yet: it is asked again
 * held      the gate holds it, or a person decides
 * released  the gate has set the money aside, nobody has paid yet
 * paying    one worker is paying
 * paid      the money has left
 * failed    paying failed; the reservation is freed and a person may ask anew
 * refused   a person turned it down
 * unclear   the shop stopped in the middle of paying: a person looks at the payment provider
 */
export type State = "waiting" | "held" | "released" | "paying" | "paid" | "failed" | "refused" | "unclear"

/** Those in which the money may still leave, so that the same request is not taken on a second time. */
export const OPEN_STATES: readonly State[] = ["waiting", "held", "released", "paying", "unclear"]

export interface RefundRequest {
  /** The shop's number for the request; the key under which the gate is asked is made of it. */
  id: string
  claim: Claim
  state: State
  /** How often the gate was asked anew, after a reservation had expired. */
  round: number
  decision_id: string | null
  reservation_id: string | null
  reservation_expires_at: number | null
  reasons: string[]
  would_release: string[]
  deadline: string | null
  policy_version: string | null
  /** Paid without an answer, below the shop's own limit. */
  open_mode: boolean
  /** The shop's number for the refund once it is paid. */
  refund_id: string | null
  /** Whether the gate knows the outcome. */
  told: boolean
  attempts: number
  /** Milliseconds since 1970 at which to look at it again; null for never. */
  next_at: number | null
  last_error: string | null
  /** What the storefront needs to pay it later. */
  payload: Record<string, unknown>
}

export function newRequest(claim: Claim, payload: Record<string, unknown>, now: number): RefundRequest {
  return {
    id: claim.refund_id, claim, payload, state: "waiting", round: 0, decision_id: null, reservation_id: null, reservation_expires_at: null,
    reasons: [], would_release: [], deadline: null, policy_version: null, open_mode: false, refund_id: null, told: false,
    attempts: 0, next_at: now, last_error: null,
  }
}

/** The key under which the gate is asked: the same for every repeat of one question. */
export function idempotencyKey(request: Pick<RefundRequest, "id" | "round">): string {
  return `${request.id}.${request.round}`
}

/** What an answer changes. */
export function answered(answer: Answer): Partial<RefundRequest> {
  return {
    decision_id: answer.decisionId,
    reservation_id: answer.reservation?.id ?? null,
    reservation_expires_at: answer.reservation?.expiresAt ?? null,
    reasons: answer.reasons,
    would_release: answer.wouldRelease,
    deadline: answer.deadline,
    policy_version: answer.policyVersion,
    attempts: 0,
    last_error: null,
  }
}

/** What a person in the shop is told, in one paragraph. */
export function explain(request: RefundRequest): string {
  const money = `${request.claim.amount} ${request.claim.currency.toUpperCase()} (minor units)`
  switch (request.state) {
    case "waiting":
      return `Refund of ${money} is pending: the gate has not answered, it is asked again by itself. Request ${request.id}.`
    case "held":
      return [
        `Refund of ${money} is held: ${request.reasons.join("; ") || "the gate gave no reason"}.`,
        request.would_release.length ? `It goes through by itself with: ${request.would_release.join("; ")}.` : "A person decides.",
        request.deadline ? `To be decided by ${request.deadline}.` : "",
        `Decision ${request.decision_id}, request ${request.id}.`,
      ].filter(Boolean).join(" ")
    case "refused":
      return `Refund of ${money} was refused: ${request.reasons.join("; ") || "no reason given"}. Decision ${request.decision_id}, request ${request.id}.`
    case "unclear":
      return `Refund of ${money} was being paid when the shop stopped: look at the payment provider. Request ${request.id}.`
    default:
      return `Refund of ${money} is ${request.state}. Request ${request.id}.`
  }
}
