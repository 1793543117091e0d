/** The two tables as the gate client wants them, inside the caller's transaction where there is one. */
import type { EventStore, RefundRequest, RequestStore, ShopEvent, State } from "@beleg/gate-client"
import type { RequestContext, TransactionalConnection } from "@vendure/core"
import { IsNull, LessThanOrEqual, Not, type Repository } from "typeorm"
import { BelegEvent, BelegRefund } from "./entities"

export class Requests implements RequestStore {
  private readonly rows: Repository<BelegRefund>

  constructor(connection: TransactionalConnection, ctx?: RequestContext) {
    this.rows = ctx ? connection.getRepository(ctx, BelegRefund) : connection.rawConnection.getRepository(BelegRefund)
  }

  async add(request: RefundRequest): Promise<void> {
    await this.rows.insert(columns(request))
  }

  async get(id: string): Promise<RefundRequest | null> {
    return plain(await this.rows.findOneBy({ request: id }))
  }

  async byDecision(decisionId: string): Promise<RefundRequest | null> {
    return plain(await this.rows.findOneBy({ decision_id: decisionId }))
  }

  async due(now: number, limit: number): Promise<RefundRequest[]> {
    const rows = await this.rows.find({ where: { next_at: LessThanOrEqual(now) }, order: { next_at: "ASC" }, take: limit })
    return rows.map((row) => plain(row)!)
  }

  async move(id: string, from: State, change: Partial<RefundRequest>): Promise<boolean> {
    const result = await this.rows.update({ request: id, state: from }, columns(change))
    return result.affected === 1
  }
}

export class Events implements EventStore {
  private readonly rows: Repository<BelegEvent>

  constructor(connection: TransactionalConnection) {
    this.rows = connection.rawConnection.getRepository(BelegEvent)
  }

  async add(event: ShopEvent): Promise<void> {
    const { id, ...rest } = event
    if (await this.rows.existsBy({ event: id })) return
    await this.rows.insert({ ...rest, event: id })
  }

  async due(now: number, limit: number): Promise<ShopEvent[]> {
    const where = { next_at: LessThanOrEqual(now) }
    const rows = await this.rows.find({ where, order: { id: "ASC" }, take: limit })
    return rows.map(({ event, type, body, attempts, next_at, last_error }) => ({ id: event, type, body, attempts, next_at, last_error }))
  }

  async update(id: string, change: Partial<ShopEvent>): Promise<void> {
    const { id: _, ...rest } = change
    await this.rows.update({ event: id }, rest)
  }

  /** How many the gate has not taken yet. */
  async waiting(): Promise<number> {
    return this.rows.countBy({ next_at: Not(IsNull()) })
  }
}

/** Vendure numbers every row itself; the request's own number is a column beside it. */
function columns(request: Partial<RefundRequest>): object {
  const { id, ...rest } = request
  return id === undefined ? rest : { ...rest, request: id }
}

function plain(row: BelegRefund | null): RefundRequest | null {
  if (!row) return null
  const { request, id: _id, createdAt: _created, updatedAt: _updated, ...rest } = row
  return { ...rest, id: request }
}
