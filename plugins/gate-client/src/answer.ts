/** What is asked of the gate and what it answers, read strictly: an answer that is not understood pays nothing. */

/** A request for money, as the gate wants it. Amounts are integers in the currency's minor units. */
export interface Claim {
  /** The shop's number for the request; what it later tells of the refund bears the same. */
  refund_id: string
  order_id: string
  line_id?: string
  rma_id?: string
  claim_id?: string
  quantity?: number
  amount: number
  currency: string
  trigger: "instant" | "on_first_scan" | "on_delivered" | "on_receipt" | "on_inspection" | "returnless" | "manual"
  stated_class?: "return" | "instant" | "returnless" | "cancelled" | "adjustment" | "goodwill" | "not_received" | "damaged" | "chargeback" | "unclassified"
  claim_kind?: "not_received" | "damaged" | "empty_box" | "missing_item" | "wrong_item" | "hazardous" | "other"
  account_id?: string
  channel?: string
  reason?: string
  requester?: string
}

/** Money the gate has set aside: exactly this amount, until it is paid, fails or expires. */
export interface Reservation {
  id: string
  amount: number
  currency: string
  /** Milliseconds since 1970, UTC. */
  expiresAt: number
}

export type Verdict = "release" | "hold" | "review" | "refuse"

export interface Answer {
  verdict: Verdict
  decisionId: string
  reservation: Reservation | null
  reasons: string[]
  wouldRelease: string[]
  deadline: string | null
  policyVersion: string | null
}

/** The gate said something this version cannot read. Nothing is paid on such an answer. */
export class AnswerError extends Error {
  override name = "AnswerError"
}

type Json = Record<string, unknown>

const VERDICTS: readonly string[] = ["release", "hold", "review", "refuse"]

/** Reads an answer to `claim`; a release must bear a reservation of exactly the claimed amount. Raises AnswerError. */
export function readAnswer(body: unknown, claim: Pick<Claim, "amount" | "currency">): Answer {
  const answer = object(body, "the answer")
  const verdict = text(answer, "decision")
  if (!VERDICTS.includes(verdict)) throw new AnswerError(`decision: got ${JSON.stringify(verdict)}, expected one of ${VERDICTS.join(", ")}`)
  const reservation = answer["reservation"] == null ? null : readReservation(object(answer["reservation"], "reservation"))
  if (verdict === "release") {
    if (!reservation) throw new AnswerError("a release without a reservation: nothing may be paid on it")
    if (reservation.amount !== claim.amount || reservation.currency.toUpperCase() !== claim.currency.toUpperCase()) {
      const [got, asked] = [`${reservation.amount} ${reservation.currency}`, `${claim.amount} ${claim.currency}`]
      throw new AnswerError(`the reservation is for ${got}, the refund is ${asked}: nothing may be paid on it`)
    }
  }
  return {
    verdict: verdict as Verdict,
    decisionId: text(answer, "decision_id"),
    reservation,
    reasons: sentences(answer["reasons"]),
    wouldRelease: sentences(answer["would_release"]),
    deadline: typeof answer["deadline"] === "string" ? answer["deadline"] : null,
    policyVersion: answer["policy_version"] == null ? null : String(answer["policy_version"]),
  }
}

function readReservation(body: Json): Reservation {
  const expiresAt = Date.parse(text(body, "expires_at"))
  if (Number.isNaN(expiresAt)) throw new AnswerError(`reservation.expires_at: got ${JSON.stringify(body["expires_at"])}, expected a time (RFC 3339)`)
  const amount = body["amount"]
  if (!Number.isSafeInteger(amount)) throw new AnswerError(`reservation.amount: got ${JSON.stringify(amount)}, expected an integer in minor units`)
  return { id: text(body, "id"), amount: amount as number, currency: text(body, "currency"), expiresAt }
}

/** Reasons come as sentences or as objects that bear one; whatever a newer gate adds to them is left alone. */
function sentences(value: unknown): string[] {
  if (!Array.isArray(value)) return []
  return value.map((item: unknown) => {
    if (typeof item === "string") return item
    const entry = (item ?? {}) as Json
    const said = entry["text"] ?? entry["reason"] ?? entry["message"] ?? entry["proof"] ?? entry["code"]
    return typeof said === "string" ? said : JSON.stringify(item)
  })
}

function object(value: unknown, where: string): Json {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new AnswerError(`${where}: got ${JSON.stringify(value) ?? "nothing"}, expected an object`)
  }
  return value as Json
}

function text(body: Json, key: string): string {
  const value = body[key]
  if (typeof value !== "string" || value === "") throw new AnswerError(`${key}: got ${JSON.stringify(value) ?? "nothing"}, expected text`)
  return value
}
