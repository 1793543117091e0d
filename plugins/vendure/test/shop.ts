/** A real Vendure on an in-process database, with a payment method that only notes what it pays out. */
import { mkdtempSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { FakeGate } from "@beleg/gate-client/dist/testing/fakes"
import { LanguageCode } from "@vendure/common/lib/generated-types"
import { DefaultLogger, type ID, LogLevel, mergeConfig, PaymentMethodHandler } from "@vendure/core"
import { createTestEnvironment, registerInitializer, type SimpleGraphQLClient, SqljsInitializer, type TestServer, testConfig } from "@vendure/testing"
import gql from "graphql-tag"
import { BelegPlugin, type RefundCall } from "../src"
import { Counter } from "../src/counter"

export const SECRET = `whsec_${Buffer.from("0123456789abcdef0123456789abcdef").toString("base64")}`
export const payouts: number[] = []
export const cancelled: ID[] = []

const text = (value: string) => [{ languageCode: LanguageCode.en, value }]

const wallet = new PaymentMethodHandler({
  code: "wallet",
  description: text("moves money by itself"),
  args: {},
  createPayment: (_ctx, _order, amount) => ({ amount, state: "Settled", transactionId: `pay-${amount}` }),
  settlePayment: () => ({ success: true }),
  cancelPayment: (_ctx, _order, payment) => {
    cancelled.push(payment.id)
    return { success: true }
  },
  createRefund: (_ctx, input, amount) => {
    if (input.reason === "break") throw new Error("no connection to the wallet")
    if (input.reason === "decline") return { state: "Failed" }
    payouts.push(amount)
    return { state: "Settled", transactionId: `out-${payouts.length}` }
  },
})

const transfer = new PaymentMethodHandler({
  code: "transfer",
  description: text("a person moves the money"),
  args: {},
  createPayment: (_ctx, _order, amount) => ({ amount, state: "Settled", transactionId: `iban-${amount}` }),
  settlePayment: () => ({ success: true }),
})

/** In this shop staff write the number of the return into the reason. */
function describe({ input }: RefundCall): { rma_id?: string; stated_class?: "return" } {
  const rma = /RMA-\d+/.exec(input.reason ?? "")?.[0]
  return rma ? { rma_id: rma, stated_class: "return" } : {}
}

export interface Shop {
  server: TestServer
  admin: SimpleGraphQLClient
  customer: SimpleGraphQLClient
  gate: FakeGate
  counter: Counter
  url: string
}

export async function open(port: number): Promise<Shop> {
  const folder = mkdtempSync(join(tmpdir(), "beleg-vendure-"))
  const gate = new FakeGate()
  await gate.start()
  registerInitializer("sqljs", new SqljsInitializer(join(folder, "db")))
  const config = mergeConfig(testConfig, {
    apiOptions: { port },
    logger: new DefaultLogger({ level: LogLevel.Error }),
    importExportOptions: { importAssetsDir: folder },
    paymentOptions: { paymentMethodHandlers: [wallet, transfer] },
    plugins: [BelegPlugin.init({ gateUrl: gate.url, gateKey: "k", webhookSecret: SECRET, eventSecret: SECRET, timeoutMs: 400, sweepMs: 0, describe })],
  })
  const { server, adminClient, shopClient } = createTestEnvironment(config)
  writeFileSync(join(folder, "products.csv"), PRODUCTS)
  await server.init({ initialData: INITIAL, productsCsvPath: join(folder, "products.csv"), customerCount: 1, logging: false })
  await adminClient.asSuperAdmin()
  return { server, admin: adminClient, customer: shopClient, gate, counter: server.app.get(Counter), url: `http://127.0.0.1:${port}` }
}

export interface Order {
  id: ID
  code: string
  payment: ID
  line: ID
  total: number
}

/** An order of two units, paid in full by `method`. */
export async function order({ customer, admin }: Shop, method: string): Promise<Order> {
  await customer.asAnonymousUser()
  await customer.query(gql`mutation { addItemToOrder(productVariantId: "T_1", quantity: 2) { __typename } }`)
  await customer.query(gql`mutation { setCustomerForOrder(input: { firstName: "A", lastName: "B", emailAddress: "a@example.com" }) { __typename } }`)
  await customer.query(gql`mutation { setOrderShippingAddress(input: { streetLine1: "1", postalCode: "1", countryCode: "DE" }) { __typename } }`)
  await customer.query(gql`mutation { setOrderShippingMethod(shippingMethodId: ["T_1"]) { __typename } }`)
  await customer.query(gql`mutation { transitionOrderToState(state: "ArrangingPayment") { __typename } }`)
  const { addPaymentToOrder: placed } = await customer.query(
    gql`mutation ($method: String!) { addPaymentToOrder(input: { method: $method, metadata: {} }) { __typename ... on Order { id code } } }`,
    { method },
  )
  const { order: found } = await admin.query(
    gql`query ($id: ID!) { order(id: $id) { totalWithTax lines { id } payments { id } } }`, { id: placed.id },
  )
  return { id: placed.id, code: placed.code, payment: found.payments[0].id, line: found.lines[0].id, total: found.totalWithTax }
}

export async function refund({ admin }: Shop, from: Order, amount: number, reason = "return"): Promise<any> {
  const input = { paymentId: from.payment, amount, reason, lines: [{ orderLineId: from.line, quantity: 1 }], shipping: 0, adjustment: 0 }
  const answer = await admin.query(
    gql`mutation ($input: RefundOrderInput!) {
      refundOrder(input: $input) { __typename ... on Refund { id state total reason metadata transactionId } ... on ErrorResult { message } }
    }`, { input },
  )
  return answer.refundOrder
}

/** Settles a refund by hand, as staff would; gives its state, or the sentence with which that was refused. */
export async function settle({ admin }: Shop, id: ID): Promise<string> {
  const answer = await admin.query(
    gql`mutation ($id: ID!) {
      settleRefund(input: { id: $id, transactionId: "by hand" }) { __typename ... on Refund { state } ... on RefundStateTransitionError { message transitionError } }
    }`, { id },
  ).catch((error: Error) => ({ settleRefund: { transitionError: error.message } }))
  return answer.settleRefund.state ?? answer.settleRefund.transitionError
}

export async function state({ admin }: Shop, from: Order): Promise<{ refunds: any[]; notes: string[] }> {
  const { order: found } = await admin.query(
    gql`query ($id: ID!) { order(id: $id) {
      payments { refunds { id state transactionId metadata } } history(options: { take: 50 }) { items { type data } }
    } }`, { id: from.id },
  )
  const notes = found.history.items.filter((item: any) => item.type === "ORDER_NOTE").map((item: any) => item.data.note)
  return { refunds: found.payments.flatMap((payment: any) => payment.refunds), notes }
}

const PRODUCTS = `name,slug,description,assets,facets,optionGroups,optionValues,sku,price,taxCategory,stockOnHand,trackInventory,variantAssets,variantFacets
Shirt,shirt,A shirt,,,,,SHIRT-1,50.00,standard,1000,false,,
`

const INITIAL = {
  defaultLanguage: LanguageCode.en,
  defaultZone: "Europe",
  countries: [{ name: "Germany", code: "DE", zone: "Europe" }],
  taxRates: [{ name: "Standard Tax", percentage: 20 }],
  shippingMethods: [{ name: "Standard", price: 500 }],
  paymentMethods: ["wallet", "transfer"].map((code) => ({ name: code, handler: { code, arguments: [] } })),
  collections: [],
}
