/** The plug-in's module: its tables, its settings, and the connection to the gate. */
import { Desk, Gate, type Log, Outbox } from "@beleg/gate-client"
import type { Knex } from "@medusajs/framework/mikro-orm/knex"
import type { Logger } from "@medusajs/framework/types"
import { ContainerRegistrationKeys, MedusaService } from "@medusajs/framework/utils"
import type { BelegOptions } from "../../lib/options"
import BelegEvent from "./models/event"
import BelegRefund from "./models/refund"
import { Events, Requests } from "./stores"

interface Cradle {
  [ContainerRegistrationKeys.PG_CONNECTION]: Knex
  [ContainerRegistrationKeys.LOGGER]: Logger
}

export default class BelegService extends MedusaService({ BelegRefund, BelegEvent }) {
  readonly requests: Requests
  readonly desk: Desk
  readonly log: Log
  /** Null when the shop has set no secret: the gate is told nothing then. */
  readonly outbox: Outbox | null

  constructor(cradle: Cradle, readonly options: BelegOptions) {
    super(...arguments)
    const { webhookSecret, eventSecret, gateUrl, gateKey, timeoutMs, openMode } = options
    if (!webhookSecret) throw new Error("Beleg: option webhookSecret: got nothing, expected the secret the gate signs its webhooks with")
    const gate = new Gate({ url: gateUrl, key: gateKey, ...(timeoutMs ? { timeoutMs } : {}) })
    const knex = cradle[ContainerRegistrationKeys.PG_CONNECTION]
    this.log = cradle[ContainerRegistrationKeys.LOGGER]
    this.requests = new Requests(knex)
    this.desk = new Desk(gate, this.requests, { openMode, log: this.log })
    const url = `${gateUrl.replace(/\/+$/, "")}/v1/webhooks/medusa`
    this.outbox = eventSecret ? new Outbox(new Events(knex), { url, secret: eventSecret }) : null
  }
}
