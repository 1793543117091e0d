/** The shop's own choice for small refunds while the gate gives no answer: pay below a limit and say so. Off unless set. */
import type { Claim } from "./answer"

/** Highest amount in minor units, by currency, that may be paid unasked; a currency that is not named is never paid. */
export type OpenMode = Readonly<Record<string, number>>

export function paidInOpenMode(claim: Claim, limits: OpenMode | undefined): boolean {
  const limit = limits?.[claim.currency.toUpperCase()]
  return limit !== undefined && claim.amount <= limit
}
