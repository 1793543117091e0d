/** Where the gate tells the shop that a decision has changed. */
import { verify, WebhookError } from "@beleg/gate-client"
import type { MedusaRequest, MedusaResponse } from "@medusajs/framework/http"
import { MedusaTill } from "../../../lib/till"
import { BELEG } from "../../../modules/beleg"
import type BelegService from "../../../modules/beleg/service"

export async function POST(request: MedusaRequest, response: MedusaResponse): Promise<void> {
  const beleg: BelegService = request.scope.resolve(BELEG)
  let event: { data?: { decision_id?: unknown } } | null
  try {
    event = verify(beleg.options.webhookSecret, request.headers, (request.rawBody as Buffer | undefined) ?? "", Date.now()) as typeof event
  } catch (error) {
    if (!(error instanceof WebhookError)) throw error
    beleg.log.warn(`Beleg: a webhook was refused: ${error.message}`)
    response.status(401).json({ message: error.message })
    return
  }
  const decision = event?.data?.decision_id
  if (typeof decision === "string") await beleg.desk.wake(decision, new MedusaTill(request.scope))
  response.status(204).end()
}
