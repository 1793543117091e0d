import assert from "node:assert/strict"
import { after, afterEach, before, beforeEach, describe, test } from "node:test"
import { setTimeout as pause } from "node:timers/promises"
import { sign } from "@beleg/gate-client"
import { type Call, hold, release } from "@beleg/gate-client/dist/testing/fakes"
import { Payment, PaymentMethodHandler, PaymentService, type Refund, RequestContextService, TransactionalConnection } from "@vendure/core"
import gql from "graphql-tag"
import { gated } from "../src/gated-handler"
import { BelegPlugin, BelegRefund } from "../src"
import { cancelled, open, type Order, order, payouts, refund, SECRET, settle, type Shop, state } from "./shop"

type Reply = { status?: number; body?: unknown; delayMs?: number }
const decisions = (shop: Shop, of: Order) =>
  shop.gate.calls.filter((call) => call.path === "/v1/refund-decisions" && call.body.order_id === of.code)

describe("Vendure behind the gate", () => {
  let shop: Shop
  /** What the gate answers to a question about a refund; it takes outcomes and events. */
  let reply: (call: Call) => Reply

  before(async () => {
    shop = await open(3417)
  })
  after(async () => {
    await shop.server.destroy()
    await shop.gate.stop()
  })
  beforeEach(() => {
    payouts.length = 0
    cancelled.length = 0
    shop.gate.calls.length = 0
    shop.gate.answer = (call) => (call.path.startsWith("/v1/refund-decisions") ? reply(call) : {})
  })
  afterEach(() => pause(20))

  const released = (id = "dec_r") => (call: Call): Reply => ({ body: release(call.body ?? { amount: 4000, currency: "USD" }, Date.now(), id) })
  const tell = async (decision: string, secret = SECRET): Promise<number> => {
    const body = JSON.stringify({ specversion: "1.0", id: "e1", source: "beleg", type: "decision", data: { decision_id: decision } })
    const headers = { "content-type": "application/json", ...sign(secret, "e1", body, Date.now()) }
    return (await fetch(`${shop.url}/beleg/webhook`, { method: "POST", body, headers })).status
  }

  test("a released refund is paid at once, and the gate hears of it under the shop's number", async () => {
    reply = released()
    const bought = await order(shop, "wallet")
    const made = await refund(shop, bought, 4000, "return RMA-1")
    assert.deepEqual([made.__typename, made.state, payouts], ["Refund", "Settled", [4000]])
    const asked = decisions(shop, bought)[0]!
    assert.match(asked.key!, /^vnd_.*\.0$/)
    assert.equal(asked.key, `${asked.body.refund_id}.0`)
    assert.deepEqual({ ...asked.body, refund_id: "", account_id: "" }, {
      refund_id: "", order_id: bought.code, line_id: String(bought.line).replace("T_", ""), quantity: 1, amount: 4000, currency: "USD", account_id: "",
      rma_id: "RMA-1", stated_class: "return", reason: "return RMA-1", requester: "superadmin", channel: "vendure", trigger: "manual",
    })
    await pause(200)
    const outcome = shop.gate.calls.find((call) => call.path === "/v1/reservations/res_dec_r/outcome")!
    assert.deepEqual(outcome.body, { outcome: "paid", refund_id: String(made.id).replace("T_", "") })
  })

  test("a held refund stays pending and says why; nobody can settle it; on the gate's word it is paid by itself, once", async () => {
    reply = () => ({ body: hold("dec_h") })
    const bought = await order(shop, "wallet")
    const made = await refund(shop, bought, 4000)
    assert.deepEqual([made.state, payouts], ["Pending", []])
    assert.deepEqual(made.metadata.beleg.reasons, ["no scan by the carrier"])
    assert.match(await settle(shop, made.id), /held: no scan by the carrier/)
    assert.match((await state(shop, bought)).notes[0]!, /held: no scan by the carrier/)
    await pause(200)
    assert.ok(!shop.gate.calls.some((call) => call.body?.type === "refund.changed"), "a request is no refund yet")

    assert.equal(await tell("dec_h"), 204)
    assert.deepEqual([(await state(shop, bought)).refunds[0].state, payouts], ["Pending", []])

    reply = () => ({ body: release({ amount: 4000, currency: "USD" }, Date.now(), "dec_h") })
    assert.equal(await tell("dec_h", `whsec_${Buffer.from("a wrong secret of some length").toString("base64")}`), 401)
    assert.deepEqual(payouts, [])
    assert.deepEqual(await Promise.all([tell("dec_h"), tell("dec_h"), tell("dec_h")]).then((all) => all.includes(204)), true)
    await shop.counter.sweep()
    const [after] = (await state(shop, bought)).refunds
    assert.deepEqual([after.state, after.transactionId, payouts], ["Settled", "out-1", [4000]])
    assert.equal(decisions(shop, bought).length, 1)
  })

  for (const [what, silence] of [["is down", { status: 503 }], ["is too slow", { delayMs: 900 }], ["rejects the key", { status: 401 }]] as const) {
    test(`while the gate ${what} the refund stays pending, is not lost, and is paid later under the same key`, async () => {
      reply = () => silence
      const bought = await order(shop, "wallet")
      const made = await refund(shop, bought, 4000)
      assert.deepEqual([made.state, made.metadata.beleg.state, payouts], ["Pending", "waiting", []])
      assert.match(await settle(shop, made.id), /pending: the gate has not answered/)
      await pause(1_500)
      reply = released("dec_late")
      for (let turn = 0; turn < 40 && payouts.length === 0; turn += 1) {
        await pause(100)
        await shop.counter.sweep()
      }
      assert.deepEqual([(await state(shop, bought)).refunds[0].state, payouts], ["Settled", [4000]])
      assert.equal(new Set(decisions(shop, bought).map((call) => call.key)).size, 1)
    })
  }

  test("a payment method without a way to pay back is asked for too, and a person settles it only after the release", async () => {
    reply = () => ({ body: hold("dec_m") })
    const bought = await order(shop, "transfer")
    const made = await refund(shop, bought, 4000)
    assert.equal(made.state, "Pending")
    assert.match(await settle(shop, made.id), /held/)
    reply = () => ({ body: release({ amount: 4000, currency: "USD" }, Date.now(), "dec_m") })
    await tell("dec_m")
    const { refunds, notes } = await state(shop, bought)
    assert.equal(refunds[0].state, "Pending")
    assert.ok(notes.some((note) => note.includes("may be settled")))
    assert.equal(await settle(shop, made.id), "Settled")
    assert.deepEqual(payouts, [])
  })

  test("an order changed to cost less pays the difference back through the gate as well", async () => {
    reply = () => ({ body: hold("dec_o") })
    const bought = await order(shop, "wallet")
    await shop.admin.query(gql`mutation ($id: ID!) { transitionOrderToState(id: $id, state: "Modifying") { __typename } }`, { id: bought.id })
    const { modifyOrder } = await shop.admin.query(
      gql`mutation ($input: ModifyOrderInput!) { modifyOrder(input: $input) { __typename ... on ErrorResult { message } } }`,
      { input: { orderId: bought.id, dryRun: false, adjustOrderLines: [{ orderLineId: bought.line, quantity: 1 }], refund: { paymentId: bought.payment, reason: "fewer" } } },
    )
    assert.equal(modifyOrder.__typename, "Order")
    assert.deepEqual([(await state(shop, bought)).refunds[0].state, payouts, decisions(shop, bought).length], ["Pending", [], 1])
  })

  test("a settled payment cannot be cancelled to give the money back unasked", async () => {
    reply = released()
    const bought = await order(shop, "wallet")
    for (const mutation of [
      gql`mutation ($id: ID!) { answer: cancelPayment(id: $id) { __typename } }`,
      gql`mutation ($id: ID!) { answer: transitionPaymentToState(id: $id, state: "Cancelled") { __typename } }`,
    ]) {
      await assert.rejects(shop.admin.query(mutation, { id: bought.payment }), /not cancelled but refunded/)
    }
    assert.deepEqual(cancelled, [])
  })

  test("cancelling an order pays nothing", async () => {
    reply = released()
    const bought = await order(shop, "wallet")
    await shop.admin.query(gql`mutation ($id: ID!) { cancelOrder(input: { orderId: $id }) { __typename } }`, { id: bought.id })
    assert.deepEqual([payouts, decisions(shop, bought).length], [[], 0])
  })

  test("code inside the shop that calls the payment service goes through the gate", async () => {
    reply = () => ({ body: hold("dec_i") })
    const bought = await order(shop, "wallet")
    const ctx = await shop.server.app.get(RequestContextService).create({ apiType: "admin" })
    const connection = shop.server.app.get(TransactionalConnection)
    const payment = await connection.getEntityOrThrow(ctx, Payment, String(bought.payment).replace("T_", ""), { relations: ["order"] })
    const made = await shop.server.app.get(PaymentService).createRefund(ctx, { paymentId: payment.id, amount: 700, lines: [], shipping: 0, adjustment: 0 }, payment.order, payment)
    assert.equal((made as Refund).state, "Pending")
    assert.deepEqual([payouts, decisions(shop, bought)[0]!.body.amount], [[], 700])
  })

  test("a refund the payment provider declines or breaks off frees its reservation", async () => {
    reply = released("dec_f")
    const declined = await order(shop, "wallet")
    assert.equal((await refund(shop, declined, 4000, "decline")).state, "Failed")
    await shop.counter.sweep()
    assert.deepEqual(shop.gate.calls.filter((call) => call.path.endsWith("/outcome")).at(-1)!.body.outcome, "failed")
    const broken = await order(shop, "wallet")
    await assert.rejects(refund(shop, broken, 4000, "break"), /no connection to the wallet/)
    assert.deepEqual([(await state(shop, broken)).refunds, payouts], [[], []])
  })

  test("a held refund whose payment breaks off after the release fails, and can be asked for anew", async () => {
    reply = () => ({ body: hold("dec_b") })
    const bought = await order(shop, "wallet")
    await refund(shop, bought, 4000, "break")
    reply = () => ({ body: release({ amount: 4000, currency: "USD" }, Date.now(), "dec_b") })
    await tell("dec_b")
    assert.equal((await state(shop, bought)).refunds[0].state, "Failed")
    reply = released("dec_again")
    assert.equal((await refund(shop, bought, 4000)).state, "Settled")
    assert.deepEqual(payouts, [4000])
  })

  for (const paid of [true, false]) {
    test(`a refund that broke off in the middle waits for a person, who found it ${paid ? "paid" : "not paid"}`, async () => {
      reply = () => ({ body: hold("dec_u") })
      const bought = await order(shop, "wallet")
      const made = await refund(shop, bought, 4000)
      const id = made.metadata.beleg.request
      const rows = shop.server.app.get(TransactionalConnection).rawConnection.getRepository(BelegRefund)
      await rows.update({ request: id }, { state: "unclear", reservation_id: "res_u" })
      assert.match(await settle(shop, made.id), /look at the payment provider/)
      const end = () => shop.admin.query(gql`mutation ($id: String!, $paid: Boolean!) { endUnclearRefund(request: $id, paid: $paid) }`, { id, paid })
      await end()
      assert.equal((await state(shop, bought)).refunds[0].state, paid ? "Settled" : "Failed")
      assert.deepEqual([payouts, shop.gate.calls.find((call) => call.path.includes("res_u"))!.body.outcome], [[], paid ? "paid" : "failed"])
      await assert.rejects(end(), /not unclear/)
    })
  }

  test("the gate is told of orders, payments and refunds, each once", async () => {
    reply = released()
    const bought = await order(shop, "wallet")
    await refund(shop, bought, 4000)
    await pause(300)
    const told = shop.gate.calls.filter((call) => call.path === "/v1/webhooks/vendure").map((call) => call.body)
    const types = told.filter((event) => JSON.stringify(event.data).includes(bought.code)).map((event) => event.type)
    assert.ok(["order.placed", "payment.changed", "refund.changed"].every((type) => types.includes(type)), types.join())
    assert.equal(new Set(told.map((event) => event.id)).size, told.length)
    const placed = told.find((event) => event.type === "order.placed" && event.data.order.code === bought.code)!.data.order
    assert.deepEqual([placed.currency, placed.total, placed.lines.length, placed.lines[0].quantity], ["USD", bought.total, 1, 2])
  })
})

test("a payment method added after the plug-in is noticed when the shop starts", () => {
  const late = { code: "late" } as PaymentMethodHandler
  const plugin = Object.assign(Object.create(BelegPlugin.prototype), { config: { paymentOptions: { paymentMethodHandlers: [late] } } })
  assert.throws(() => plugin.onApplicationBootstrap(), /late are not behind the gate: put BelegPlugin last/)
})

test("a method is put behind the gate once only", () => {
  const guard = () => async () => false as const
  const once = gated({ code: "x" } as PaymentMethodHandler, guard)
  assert.equal(gated(once, guard), once)
})
