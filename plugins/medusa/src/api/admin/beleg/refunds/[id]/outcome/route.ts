/** Ends a refund during which the shop stopped, as staff found it at the payment provider. Moves no money. */
import type { MedusaRequest, MedusaResponse } from "@medusajs/framework/http"
import { BELEG } from "../../../../../../modules/beleg"
import type BelegService from "../../../../../../modules/beleg/service"

export async function POST(request: MedusaRequest<{ outcome?: unknown; refund_id?: unknown }>, response: MedusaResponse): Promise<void> {
  const beleg: BelegService = request.scope.resolve(BELEG)
  const { outcome, refund_id } = request.body
  if (outcome !== "paid" && outcome !== "failed") {
    response.status(400).json({ type: "invalid_data", message: `outcome: got ${JSON.stringify(outcome)}, expected "paid" or "failed"` })
    return
  }
  const ended = await beleg.desk.end(request.params["id"] ?? "", outcome, typeof refund_id === "string" ? refund_id : null)
  if (ended) response.json({ id: request.params["id"], state: outcome })
  else response.status(409).json({ type: "not_allowed", message: "there is no such request, or it is not unclear" })
}
