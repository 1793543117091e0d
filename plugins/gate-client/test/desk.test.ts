import assert from "node:assert/strict"
import { afterEach, beforeEach, test } from "node:test"
import { Desk, type DeskOptions, explain, Gate, newRequest, type RefundRequest, type Till } from "../src"
import { CLAIM, FakeGate, hold, MemoryStore, release } from "../testing/fakes"

const START = Date.parse("2026-11-22T12:00:00Z")
const MINUTE = 60_000

let gate: FakeGate
let store: MemoryStore
let now: number
let paid: string[]
let said: string[]

beforeEach(async () => {
  gate = new FakeGate()
  await gate.start()
  store = new MemoryStore()
  now = START
  paid = []
  said = []
})
afterEach(() => gate.stop())

function desk(options: Partial<DeskOptions> = {}, timeoutMs = 2_000): Desk {
  const say = (message: string) => void said.push(message)
  return new Desk(new Gate({ url: gate.url, key: "k", timeoutMs }), store, { now: () => now, log: { info: say, warn: say, error: say }, ...options })
}

function till(of: Desk, fails = false, found: "paid" | "not paid" | "unknown" = "unknown"): Till {
  return {
    pay: async (request) => {
      await of.pay(request, async () => {
        if (fails) throw new Error("card closed")
        paid.push(request.id)
        return { id: "ref_1" }
      }, (result) => result.id)
    },
    look: async () => found,
  }
}

const request = (id = "breq_1"): RefundRequest => newRequest({ ...CLAIM, refund_id: id }, {}, now)
const state = async (id = "breq_1") => (await store.get(id))!.state

test("a released refund is paid once, and the gate is told under the reservation", async () => {
  gate.answer = (call) => (call.path.endsWith("/outcome") ? {} : { body: release(CLAIM, now) })
  const one = desk()
  const taken = await one.take(request())
  assert.equal(taken.state, "released")
  await till(one).pay(taken)
  await assert.rejects(till(one).pay(taken), /being paid already/)
  assert.deepEqual(paid, ["breq_1"])
  assert.equal(await state(), "paid")
  assert.equal((await store.get("breq_1"))!.told, true)
  assert.deepEqual(gate.calls.map((call) => [call.method, call.path, call.key]), [
    ["POST", "/v1/refund-decisions", "breq_1.0"],
    ["POST", "/v1/reservations/res_dec_1/outcome", "res_dec_1:paid"],
  ])
  assert.equal(gate.calls[0]!.authorization, "Bearer k")
  assert.deepEqual(gate.calls[0]!.body, CLAIM)
  assert.deepEqual(gate.calls[1]!.body, { outcome: "paid", refund_id: "ref_1" })
})

test("of fifty at once exactly one pays", async () => {
  gate.answer = (call) => (call.path.endsWith("/outcome") ? {} : { body: release(CLAIM, now) })
  const one = desk()
  const taken = await one.take(request())
  const ends = await Promise.allSettled(Array.from({ length: 50 }, () => till(one).pay(taken)))
  assert.equal(ends.filter((end) => end.status === "fulfilled").length, 1)
  assert.equal(paid.length, 1)
})

test("a held refund is not paid, says why, and goes through by itself when the gate releases it", async () => {
  gate.answer = () => ({ body: hold() })
  const one = desk()
  const taken = await one.take(request())
  assert.equal(taken.state, "held")
  assert.match(explain(taken), /no scan by the carrier.*goes through by itself with: carrier_accepted.*2026-12-06/)
  await assert.rejects(till(one).pay(taken), /is held: nothing may be paid on it/)
  assert.deepEqual(paid, [])

  gate.answer = (call) => (call.path.endsWith("/outcome") ? {} : { body: release(CLAIM, now) })
  const after = await one.wake("dec_1", till(one))
  assert.equal(after!.state, "paid")
  assert.deepEqual(paid, ["breq_1"])
  assert.deepEqual(gate.calls.at(-2)!.path, "/v1/refund-decisions/dec_1")
  await one.wake("dec_1", till(one))
  assert.equal(paid.length, 1)
})

test("a webhook alone pays nothing: the gate is read, and still says hold", async () => {
  gate.answer = () => ({ body: hold() })
  const one = desk()
  await one.take(request())
  await one.wake("dec_1", till(one))
  assert.deepEqual(paid, [])
  assert.equal(await state(), "held")
  assert.equal(await one.wake("dec_of_somebody_else", till(one)), null)
})

test("without a webhook a held refund is looked at by and by", async () => {
  gate.answer = () => ({ body: hold() })
  const one = desk()
  await one.take(request())
  gate.answer = (call) => (call.path.endsWith("/outcome") ? {} : { body: release(CLAIM, now) })
  await one.sweep(till(one))
  assert.deepEqual(paid, [])
  now += 2 * MINUTE
  await one.sweep(till(one))
  assert.deepEqual(paid, ["breq_1"])
})

for (const [what, answer] of [
  ["an error of the gate", { status: 503 }],
  ["no answer in time", { delayMs: 400, body: hold() }],
  ["an answer that is no JSON object", { body: "yes" }],
  ["a verdict nobody knows", { body: { ...(hold() as object), decision: "pay" } }],
  ["a release without a reservation", { body: { ...(hold() as object), decision: "release" } }],
  ["a reservation of another amount", { body: release({ amount: 9501, currency: "EUR" }, START) }],
  ["a reservation in another currency", { body: release({ amount: 9500, currency: "USD" }, START) }],
  ["a wrong key", { status: 401, body: { title: "Unauthorized" } }],
  ["too many requests", { status: 429 }],
] as const) {
  test(`after ${what} the refund stays pending, is asked again under the same key, and then goes through`, async () => {
    gate.answer = () => answer
    const one = desk({}, 150)
    const taken = await one.take(request())
    assert.equal(taken.state, "waiting")
    assert.match(explain(taken), /pending/)
    await assert.rejects(till(one).pay(taken), /is waiting: nothing may be paid on it/)
    assert.deepEqual(paid, [])
    gate.answer = (call) => (call.path.endsWith("/outcome") ? {} : { body: release(CLAIM, now) })
    now += 10 * MINUTE
    await one.sweep(till(one))
    assert.deepEqual(paid, ["breq_1"])
    const keys = new Set(gate.calls.filter((call) => call.path === "/v1/refund-decisions").map((call) => call.key))
    assert.deepEqual([...keys], ["breq_1.0"])
  })
}

test("a gate that is not there at all changes nothing about that", async () => {
  await gate.stop()
  const one = desk()
  assert.equal((await one.take(request())).state, "waiting")
  assert.deepEqual(paid, [])
  await gate.start()
})

test("open mode pays below the limit in that currency, says so, and tells the gate afterwards", async () => {
  gate.answer = () => ({ status: 503 })
  const one = desk({ openMode: { EUR: 9500 } })
  const taken = await one.take(request())
  assert.deepEqual([taken.state, taken.open_mode], ["released", true])
  await till(one).pay(taken)
  assert.deepEqual(paid, ["breq_1"])
  assert.ok(said.some((line) => line.includes("open mode")))
  assert.equal((await store.get("breq_1"))!.told, false)
  gate.answer = () => ({ body: hold() })
  now += 10 * MINUTE
  await one.sweep(till(one))
  const row = (await store.get("breq_1"))!
  assert.deepEqual([row.state, row.told, row.decision_id, paid.length], ["paid", true, "dec_1", 1])
  assert.ok(said.some((line) => line.includes("the gate says hold")))
})

test("open mode pays nothing above the limit, in another currency, or when the gate turned the request down", async () => {
  gate.answer = () => ({ status: 503 })
  assert.equal((await desk({ openMode: { EUR: 9499 } }).take(request("breq_a"))).state, "waiting")
  assert.equal((await desk({ openMode: { USD: 99_999 } }).take(request("breq_b"))).state, "waiting")
  gate.answer = () => ({ status: 403 })
  assert.equal((await desk({ openMode: { EUR: 9500 } }).take(request("breq_c"))).state, "waiting")
})

test("an expired reservation pays nothing and is asked for anew under a new key", async () => {
  gate.answer = (call) => (call.path.endsWith("/outcome") ? {} : { body: release(CLAIM, now) })
  const one = desk()
  const taken = await one.take(request())
  now += 20 * MINUTE
  await assert.rejects(till(one).pay(taken), /expired/)
  assert.deepEqual([paid.length, await state()], [0, "waiting"])
  await one.sweep(till(one))
  assert.deepEqual([paid.length, await state()], [1, "paid"])
  assert.ok(gate.calls.some((call) => call.key === "breq_1.1"))
})

test("a released refund that the shop forgot to pay, because it stopped, is paid by the sweep", async () => {
  gate.answer = (call) => (call.path.endsWith("/outcome") ? {} : { body: release(CLAIM, now) })
  const one = desk()
  await one.take(request())
  now += 2 * MINUTE
  await one.sweep(till(one))
  assert.deepEqual([paid.length, await state()], [1, "paid"])
})

test("a failed payment frees the reservation", async () => {
  gate.answer = (call) => (call.path.endsWith("/outcome") ? {} : { body: release(CLAIM, now) })
  const one = desk()
  const taken = await one.take(request())
  await assert.rejects(till(one, true).pay(taken), /card closed/)
  assert.equal(await state(), "failed")
  assert.deepEqual(gate.calls.at(-1)!.body, { outcome: "failed", refund_id: null })
})

test("the outcome is told until the gate has taken it", async () => {
  gate.answer = (call) => (call.path.endsWith("/outcome") ? { status: 503 } : { body: release(CLAIM, now) })
  const one = desk()
  await till(one).pay(await one.take(request()))
  assert.equal((await store.get("breq_1"))!.told, false)
  gate.answer = () => ({})
  now += 10 * MINUTE
  await one.sweep(till(one))
  assert.equal((await store.get("breq_1"))!.told, true)
  assert.equal(paid.length, 1)
})

for (const [found, after] of [["unknown", "unclear"], ["paid", "paid"], ["not paid", "released"]] as const) {
  test(`a payment broken off in the middle, of which the shop finds "${found}", ends as ${after} and is not paid again in that step`, async () => {
    gate.answer = (call) => (call.path.endsWith("/outcome") ? {} : { body: release(CLAIM, now) })
    const one = desk()
    await one.take(request())
    await store.move("breq_1", "released", { state: "paying", next_at: now + 10 * MINUTE })
    await one.sweep(till(one, false, found))
    assert.equal(await state(), "paying")
    now += 11 * MINUTE
    await one.sweep(till(one, false, found))
    assert.deepEqual([await state(), paid.length], [after, 0])
  })
}

test("what a person pays by hand is only permitted, rests when the reservation expires, and is asked for again on demand", async () => {
  gate.answer = (call) => (call.path.endsWith("/outcome") ? {} : { body: release(CLAIM, now) })
  const one = desk()
  const shop: Till = { ...till(one), byHand: () => true }
  await one.take(request())
  now += 2 * MINUTE
  await one.sweep(shop)
  assert.deepEqual([await state(), paid.length], ["released", 0])
  now += 20 * MINUTE
  await one.sweep(shop)
  assert.deepEqual([await state(), gate.calls.length], ["waiting", 1])
  await one.sweep(shop)
  assert.equal(gate.calls.length, 1)
  await one.revive((await store.get("breq_1"))!)
  assert.deepEqual([await state(), gate.calls.length, gate.calls[1]!.key], ["released", 2, "breq_1.1"])
  await till(one).pay((await store.get("breq_1"))!)
  assert.deepEqual([await state(), paid.length], ["paid", 1])
})

test("what broke off is ended by a person, as it was found, and the gate is told", async () => {
  gate.answer = (call) => (call.path.endsWith("/outcome") ? {} : { body: release(CLAIM, now) })
  const one = desk()
  await one.take(request())
  assert.equal(await one.end("breq_1", "paid", "ref_9"), false)
  await store.move("breq_1", "released", { state: "unclear", next_at: null })
  assert.equal(await one.end("breq_1", "paid", "ref_9"), true)
  assert.equal(await one.end("breq_1", "failed", null), false)
  assert.deepEqual([await state(), paid.length, gate.calls.at(-1)!.body], ["paid", 0, { outcome: "paid", refund_id: "ref_9" }])
})

test("a refusal by a person ends it", async () => {
  gate.answer = () => ({ body: { ...(hold() as object), decision: "refuse" } })
  const one = desk()
  const taken = await one.take(request())
  assert.equal(taken.state, "refused")
  now += 60 * MINUTE
  await one.sweep(till(one))
  assert.deepEqual([gate.calls.length, paid.length], [1, 0])
})

test("one request that cannot be handled does not keep the others waiting", async () => {
  gate.answer = () => ({ body: hold() })
  const one = desk()
  await one.take(request("breq_a"))
  await one.take(request("breq_b"))
  gate.answer = (call) => (call.path.endsWith("/outcome") ? {} : { body: release(CLAIM, now) })
  now += 2 * MINUTE
  const shop = till(one)
  await one.sweep({ ...shop, pay: (which) => (which.id === "breq_a" ? Promise.reject(new Error("shop is broken")) : shop.pay(which)) })
  assert.deepEqual([paid, await state("breq_a"), await state("breq_b")], [["breq_b"], "released", "paid"])
})
