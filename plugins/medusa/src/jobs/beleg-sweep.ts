/** Every minute: asks again, pays what is released, tells the gate what it does not know yet, and sees that nothing goes round. */
import type { MedusaContainer } from "@medusajs/framework/types"
import { Modules } from "@medusajs/framework/utils"
import { MedusaTill } from "../lib/till"
import { BELEG } from "../modules/beleg"
import type BelegService from "../modules/beleg/service"

export default async function sweep(container: MedusaContainer): Promise<void> {
  const beleg: BelegService = container.resolve(BELEG)
  const payments = container.resolve(Modules.PAYMENT) as { behindGate?: boolean }
  if (!payments.behindGate) {
    beleg.log.error('Beleg: REFUNDS ARE PAID UNASKED: the payment module is not "@beleg/medusa-plugin/payment". See the plug-in\'s README.')
  }
  await beleg.desk.sweep(new MedusaTill(container))
  await beleg.outbox?.flush()
}

export const config = { name: "beleg-sweep", schedule: "* * * * *" }
