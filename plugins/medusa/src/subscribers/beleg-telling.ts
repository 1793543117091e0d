/** Tells the gate what happens in the shop: orders, parcels, returns, refunds. */
import type { SubscriberArgs, SubscriberConfig } from "@medusajs/framework"
import { ContainerRegistrationKeys } from "@medusajs/framework/utils"
import { TOLD } from "../lib/telling"
import { BELEG } from "../modules/beleg"
import type BelegService from "../modules/beleg/service"
import type { Query } from "../payment/claim"

export default async function tell({ event, container }: SubscriberArgs<Record<string, unknown>>): Promise<void> {
  const beleg: BelegService = container.resolve(BELEG)
  const happenings = TOLD[event.name]
  if (!beleg.outbox || !happenings) return
  for (const { id, data } of await happenings(container.resolve<Query>(ContainerRegistrationKeys.QUERY), event.data)) {
    await beleg.outbox.put(`medusa:${event.name}:${id}`, event.name, data)
  }
  await beleg.outbox.flush()
}

export const config: SubscriberConfig = { event: Object.keys(TOLD), context: { subscriberId: "beleg-telling" } }
