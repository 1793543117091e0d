import assert from "node:assert/strict"
import { afterEach, beforeEach, describe, test } from "node:test"
import { Desk, Gate, type RefundRequest } from "@beleg/gate-client"
import { FakeGate, hold, MemoryStore, release } from "@beleg/gate-client/dist/testing/fakes"
import { PaymentModuleService } from "@medusajs/payment/dist/services"
import { AlreadyOpen } from "../src/modules/beleg/stores"
import type { Query } from "../src/payment/claim"
import GatedPaymentModuleService, { MARK } from "../src/payment/service"

/** The store in memory with the two things the table adds: the open request of a payment and amount, and at most one of them. */
class Requests extends MemoryStore {
  override async add(request: RefundRequest): Promise<void> {
    const { payment_id, amount } = request.payload as { payment_id: string; amount: string }
    if (await this.open(payment_id, amount)) throw new AlreadyOpen(request.id)
    await super.add(request)
  }

  async open(paymentId: string, amount: string): Promise<RefundRequest | null> {
    const ended = ["paid", "failed", "refused"]
    const open = [...this.rows.values()].filter((one) => !ended.includes(one.state))
    return open.find((one) => one.payload["payment_id"] === paymentId && one.payload["amount"] === amount) ?? null
  }
}

describe("Medusa's payment module behind the gate", () => {
  const medusa = PaymentModuleService.prototype
  const original = { refundPayment: medusa.refundPayment, cancelPayment: medusa.cancelPayment }
  let gate: FakeGate
  let requests: Requests
  let sent: Record<string, any>[]
  let rows: Record<string, Record<string, unknown>[]>

  beforeEach(async () => {
    gate = new FakeGate()
    await gate.start()
    requests = new Requests()
    sent = []
    rows = { order_payment_collection: [{ order: { id: "order_1", status: "pending", customer_id: "cus_1" } }] }
    medusa.refundPayment = async (data: any) => {
      sent.push(data)
      if (data.note === "break") throw new Error("no connection to the provider")
      return { id: data.payment_id, refunds: [{ id: `ref_${sent.length}`, metadata: data.metadata }] } as never
    }
    medusa.cancelPayment = async (id: string) => {
      sent.push({ cancelled: id })
      return {} as never
    }
  })
  afterEach(async () => {
    Object.assign(medusa, original)
    await gate.stop()
  })

  function payments(captured = 195, refunded = 0, parts?: Record<string, unknown>): GatedPaymentModuleService {
    const say = () => undefined
    const desk = new Desk(new Gate({ url: gate.url, key: "k", timeoutMs: 10_000 }), requests, { log: { info: say, warn: say, error: say } })
    const query = { graph: async ({ entity }: { entity: string }) => ({ data: rows[entity] ?? [] }) } as unknown as Query
    const payment = {
      id: "pay_1", payment_collection_id: "paycol_1", currency_code: "eur", amount: 195,
      captures: [{ amount: captured }], refunds: refunded ? [{ amount: refunded }] : [],
    }
    return Object.assign(Object.create(GatedPaymentModuleService.prototype), {
      cradle: parts ?? { beleg: { desk, requests }, query }, retrievePayment: async () => payment,
    })
  }

  const refund = (module: GatedPaymentModuleService, more: object = {}) => module.refundPayment({ payment_id: "pay_1", amount: 95, ...more } as never)
  const releases = () => {
    gate.answer = (call) => (call.path.endsWith("/outcome") ? {} : { body: release(call.body ?? { amount: 9500, currency: "EUR" }, Date.now()) })
  }

  test("a released refund is paid once, marked with its request, and confirmed under Medusa's number", async () => {
    releases()
    await refund(payments())
    assert.equal(sent.length, 1)
    const request = sent[0]!["metadata"][MARK]
    assert.match(request, /^mds_/)
    assert.deepEqual(gate.calls.at(-1)!.body, { outcome: "paid", refund_id: "ref_1" })
    assert.equal((await requests.get(request))!.state, "paid")
  })

  test("a held refund is not paid, and asking again is the same request", async () => {
    gate.answer = () => ({ body: hold() })
    for (let turn = 0; turn < 3; turn += 1) await assert.rejects(refund(payments()), /is held: no scan by the carrier/)
    assert.deepEqual([sent.length, gate.calls.length, requests.rows.size], [0, 1, 1])
  })

  test("no answer pays nothing and keeps the request", async () => {
    gate.answer = () => ({ status: 503 })
    await assert.rejects(refund(payments()), /pending: the gate has not answered/)
    assert.deepEqual([sent.length, [...requests.rows.values()][0]!.state], [0, "waiting"])
  })

  test("a broken payment frees the reservation and is no open request any more", async () => {
    releases()
    await assert.rejects(refund(payments(), { note: "break" }), /no connection to the provider/)
    assert.deepEqual(gate.calls.at(-1)!.body, { outcome: "failed", refund_id: null })
    await refund(payments())
    assert.equal(sent.length, 2)
  })

  test("a mark given by whoever calls opens nothing", async () => {
    gate.answer = () => ({ body: hold() })
    await assert.rejects(refund(payments(), { metadata: { [MARK]: "mds_made_up" } }), /held/)
    assert.equal(sent.length, 0)
  })

  test("without the plug-in's module nothing is paid, and the sentence says how to mend it", async () => {
    await assert.rejects(refund(payments(195, 0, {})), /dependencies: \["beleg", "query"\]/)
    assert.equal(sent.length, 0)
  })

  test("what was captured cannot be cancelled to give it back unasked; what was not, or is paid back, can", async () => {
    await assert.rejects(payments(195, 100).cancelPayment("pay_1"), /not cancelled but refunded/)
    await payments(0).cancelPayment("pay_1")
    await payments(195, 195).cancelPayment("pay_1")
    assert.deepEqual(sent, [{ cancelled: "pay_1" }, { cancelled: "pay_1" }])
  })

  test("the gate hears of the return, its line, the customer and who asks, in minor units", async () => {
    gate.answer = () => ({ body: hold() })
    rows["return"] = [
      { id: "return_old", status: "received", created_at: "2026-01-01T00:00:00Z", items: [] },
      { id: "return_off", status: "canceled", created_at: "2026-03-01T00:00:00Z", items: [] },
      { id: "return_new", status: "received", created_at: "2026-02-01T00:00:00Z", items: [{ item_id: "ordli_1", quantity: 1 }] },
    ]
    rows["user"] = [{ id: "user_1", email: "staff@example.com" }]
    rows["refund_reason"] = [{ label: "Sent back" }]
    await assert.rejects(refund(payments(), { amount: 95.5, created_by: "user_1", refund_reason_id: "refr_1", note: "kettle" }))
    const { refund_id, ...claim } = gate.calls[0]!.body
    assert.match(refund_id, /^mds_/)
    assert.deepEqual(claim, {
      order_id: "order_1", amount: 9550, currency: "EUR", trigger: "on_receipt", channel: "medusa", rma_id: "return_new", stated_class: "return",
      line_id: "ordli_1", quantity: 1, account_id: "cus_1", reason: "Sent back: kettle", requester: "staff@example.com",
    })
  })

  test("a cancelled order and a checkout that failed are told as what they are", async () => {
    gate.answer = () => ({ body: hold() })
    rows["order_payment_collection"] = [{ order: { id: "order_2", status: "canceled", customer_id: null } }]
    await assert.rejects(refund(payments(), { amount: 1 }))
    rows["order_payment_collection"] = []
    await assert.rejects(refund(payments(), { amount: 2 }))
    assert.deepEqual(gate.calls.map((call) => [call.body.order_id, call.body.stated_class]), [["order_2", "cancelled"], ["paycol_1", undefined]])
  })
})
