/** The two tables as the gate client wants them, each change one statement of its own. */
import type { EventStore, RefundRequest, RequestStore, ShopEvent, State } from "@beleg/gate-client"
import { OPEN_STATES } from "@beleg/gate-client"
import type { Knex } from "@medusajs/framework/mikro-orm/knex"

type Row = Record<string, unknown>
const JSON_COLUMNS = ["claim", "reasons", "would_release", "payload"] as const
const TIMES = ["reservation_expires_at", "next_at"] as const
const UNIQUE_VIOLATION = "23505"

/** An open request for the same payment and amount is there already. */
export class AlreadyOpen extends Error {}

export class Requests implements RequestStore {
  constructor(private readonly knex: Knex) {}

  async add(request: RefundRequest): Promise<void> {
    const { payment_id, amount } = request.payload as { payment_id: string; amount: string }
    try {
      await this.knex("beleg_refund").insert({ ...columns(request), payment_id, amount })
    } catch (error) {
      if ((error as { code?: string }).code === UNIQUE_VIOLATION) throw new AlreadyOpen(request.id)
      throw error
    }
  }

  async get(id: string): Promise<RefundRequest | null> {
    return plain(await this.knex("beleg_refund").where({ id }).first())
  }

  async byDecision(decisionId: string): Promise<RefundRequest | null> {
    return plain(await this.knex("beleg_refund").where({ decision_id: decisionId }).first())
  }

  /** The request that is open for this payment and amount. */
  async open(paymentId: string, amount: string): Promise<RefundRequest | null> {
    return plain(await this.knex("beleg_refund").where({ payment_id: paymentId, amount }).whereIn("state", OPEN_STATES).first())
  }

  /** Requests that have not come to an end, newest first. */
  async pending(limit: number): Promise<RefundRequest[]> {
    const rows = await this.knex("beleg_refund").whereIn("state", OPEN_STATES).orderBy("created_at", "desc").limit(limit)
    return rows.map((row: Row) => plain(row)!)
  }

  async due(now: number, limit: number): Promise<RefundRequest[]> {
    const rows = await this.knex("beleg_refund").where("next_at", "<=", new Date(now)).orderBy("next_at").limit(limit)
    return rows.map((row: Row) => plain(row)!)
  }

  async move(id: string, from: State, change: Partial<RefundRequest>): Promise<boolean> {
    const changed = await this.knex("beleg_refund").where({ id, state: from }).update({ ...columns(change), updated_at: this.knex.fn.now() })
    return changed === 1
  }
}

export class Events implements EventStore {
  constructor(private readonly knex: Knex) {}

  async add(event: ShopEvent): Promise<void> {
    await this.knex("beleg_event").insert(columns(event)).onConflict("id").ignore()
  }

  async due(now: number, limit: number): Promise<ShopEvent[]> {
    const rows = await this.knex("beleg_event").where("next_at", "<=", new Date(now)).orderBy("created_at").limit(limit)
    return rows.map(({ id, type, body, attempts, next_at, last_error }: Row) => ({
      id, type, body, attempts, next_at: next_at ? (next_at as Date).getTime() : null, last_error,
    })) as ShopEvent[]
  }

  async update(id: string, change: Partial<ShopEvent>): Promise<void> {
    await this.knex("beleg_event").where({ id }).update({ ...columns(change), updated_at: this.knex.fn.now() })
  }
}

function columns(change: Partial<RefundRequest> | Partial<ShopEvent>): Row {
  const row: Row = { ...change }
  for (const name of JSON_COLUMNS) if (name in row) row[name] = JSON.stringify(row[name])
  for (const name of TIMES) if (typeof row[name] === "number") row[name] = new Date(row[name] as number)
  return row
}

function plain(row: Row | undefined): RefundRequest | null {
  if (!row) return null
  const { payment_id: _payment, amount: _amount, created_at: _created, updated_at: _updated, deleted_at: _deleted, ...rest } = row
  for (const name of TIMES) rest[name] = rest[name] ? (rest[name] as Date).getTime() : null
  return rest as unknown as RefundRequest
}
