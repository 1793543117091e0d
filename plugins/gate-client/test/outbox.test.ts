import assert from "node:assert/strict"
import { afterEach, beforeEach, test } from "node:test"
import { type EventStore, Outbox, type ShopEvent } from "../src"
import { FakeGate } from "../testing/fakes"

const SECRET = `whsec_${Buffer.from("0123456789abcdef0123456789abcdef").toString("base64")}`

class Events implements EventStore {
  readonly rows = new Map<string, ShopEvent>()
  async add(event: ShopEvent): Promise<void> {
    if (!this.rows.has(event.id)) this.rows.set(event.id, event)
  }
  async due(now: number, limit: number): Promise<ShopEvent[]> {
    return [...this.rows.values()].filter((row) => row.next_at !== null && row.next_at <= now).slice(0, limit)
  }
  async update(id: string, change: Partial<ShopEvent>): Promise<void> {
    this.rows.set(id, { ...this.rows.get(id)!, ...change })
  }
}

let gate: FakeGate
beforeEach(async () => {
  gate = new FakeGate()
  await gate.start()
})
afterEach(() => gate.stop())

test("an event is kept until the gate has taken it, sent as it was written, and only once told of", async () => {
  let now = Date.parse("2026-11-22T12:00:00Z")
  const events = new Events()
  const outbox = new Outbox(events, { url: `${gate.url}/v1/webhooks/medusa`, secret: SECRET, now: () => now })
  gate.answer = () => ({ status: 503 })
  await outbox.put("order.placed:O-1", "order.placed", { id: "O-1" })
  await outbox.put("order.placed:O-1", "order.placed", { id: "O-1" })
  assert.equal(await outbox.flush(), 0)
  assert.equal(await outbox.flush(), 0)
  assert.equal(gate.calls.length, 1)
  gate.answer = () => ({ status: 202 })
  now += 10 * 60_000
  assert.equal(await outbox.flush(), 1)
  assert.equal(await outbox.flush(), 0)
  assert.deepEqual(gate.calls[0]!.body, gate.calls[1]!.body)
  assert.deepEqual(gate.calls[1]!.body, { id: "order.placed:O-1", type: "order.placed", timestamp: "2026-11-22T12:00:00.000Z", data: { id: "O-1" } })
})

test("two who flush at once send nothing twice", async () => {
  const events = new Events()
  const outbox = new Outbox(events, { url: gate.url, secret: SECRET })
  gate.answer = () => ({ status: 202, delayMs: 20 })
  await outbox.put("a", "x", {})
  await outbox.put("b", "x", {})
  assert.deepEqual((await Promise.all([outbox.flush(), outbox.flush(), outbox.flush()])).sort(), [0, 0, 2])
  assert.equal(gate.calls.length, 2)
})
