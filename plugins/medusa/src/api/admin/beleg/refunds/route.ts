/** The refunds that wait: what was asked for, what the gate said, and what would release each. For staff who are signed in. */
import { explain } from "@beleg/gate-client"
import type { MedusaRequest, MedusaResponse } from "@medusajs/framework/http"
import { BELEG } from "../../../../modules/beleg"
import type BelegService from "../../../../modules/beleg/service"

const MOST = 200

export async function GET(request: MedusaRequest, response: MedusaResponse): Promise<void> {
  const beleg: BelegService = request.scope.resolve(BELEG)
  const pending = await beleg.requests.pending(MOST)
  response.json({
    refunds: pending.map((one) => {
      const { id, state, claim, decision_id, reasons, would_release, deadline, last_error } = one
      return { id, state, claim, decision_id, reasons, would_release, deadline, last_error, message: explain(one) }
    }),
  })
}
