/** Stand-ins for tests: a gate over real HTTP whose answers the test sets, and a store in memory. */
import { createServer, type IncomingMessage, type Server } from "node:http"
import type { AddressInfo } from "node:net"
import type { Claim, RefundRequest, RequestStore, State } from "../src"

export const CLAIM: Claim = { refund_id: "breq_1", order_id: "O-1", amount: 9500, currency: "EUR", reason: "return", channel: "medusa", trigger: "manual" }

export interface Call {
  method: string
  path: string
  key: string | undefined
  authorization: string | undefined
  body: any
}

export class FakeGate {
  readonly calls: Call[] = []
  answer: (call: Call) => { status?: number; body?: unknown; delayMs?: number } = () => ({ status: 500 })
  private server: Server = createServer()
  url = ""

  async start(): Promise<void> {
    this.server = createServer(async (request, response) => {
      const text = await read(request)
      const call: Call = {
        method: request.method ?? "",
        path: request.url ?? "",
        key: request.headers["idempotency-key"] as string | undefined,
        authorization: request.headers.authorization,
        body: text ? JSON.parse(text) : undefined,
      }
      this.calls.push(call)
      const { status = 200, body, delayMs = 0 } = this.answer(call)
      await new Promise((done) => setTimeout(done, delayMs))
      response.writeHead(status, { "content-type": "application/json" }).end(body === undefined ? "" : JSON.stringify(body))
    })
    await new Promise<void>((done) => this.server.listen(0, "127.0.0.1", done))
    this.url = `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections()
    await new Promise((done) => this.server.close(done))
  }
}

async function read(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = []
  for await (const part of request) parts.push(part as Buffer)
  return Buffer.concat(parts).toString()
}

export function release(claim: Pick<Claim, "amount" | "currency">, now: number, id = "dec_1"): unknown {
  const reservation = { id: `res_${id}`, amount: claim.amount, currency: claim.currency, expires_at: new Date(now + 15 * 60_000).toISOString() }
  return { decision: "release", decision_id: id, reservation, reasons: ["all proofs are there"], would_release: [], deadline: null, policy_version: "1" }
}

export function hold(id = "dec_1"): unknown {
  return {
    decision: "hold", decision_id: id, reservation: null, reasons: ["no scan by the carrier"],
    would_release: ["carrier_accepted"], deadline: "2026-12-06T00:00:00Z", policy_version: "1",
  }
}

export class MemoryStore implements RequestStore {
  readonly rows = new Map<string, RefundRequest>()

  async add(request: RefundRequest): Promise<void> {
    if (this.rows.has(request.id)) throw new Error(`request ${request.id} is there already`)
    this.rows.set(request.id, { ...request })
  }

  async get(id: string): Promise<RefundRequest | null> {
    const row = this.rows.get(id)
    return row ? { ...row } : null
  }

  async byDecision(decisionId: string): Promise<RefundRequest | null> {
    const row = [...this.rows.values()].find((one) => one.decision_id === decisionId)
    return row ? { ...row } : null
  }

  async due(now: number, limit: number): Promise<RefundRequest[]> {
    const rows = [...this.rows.values()].filter((one) => one.next_at !== null && one.next_at <= now)
    return rows.sort((a, b) => a.next_at! - b.next_at!).slice(0, limit).map((one) => ({ ...one }))
  }

  async move(id: string, from: State, change: Partial<RefundRequest>): Promise<boolean> {
    const row = this.rows.get(id)
    if (!row || row.state !== from) return false
    this.rows.set(id, { ...row, ...change })
    return true
  }
}
