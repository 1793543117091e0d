// A shop for the acceptance test: Vendure as it comes, a payment method that only notes what it pays, and Beleg's plug-in.
const { appendFileSync, writeFileSync } = require("node:fs")
const { join } = require("node:path")
const { BelegPlugin } = require("@beleg/vendure-plugin")
const { populate } = require("@vendure/core/cli")
const { bootstrap, DefaultLogger, LogLevel, PaymentMethodHandler } = require("@vendure/core")

const text = (value) => [{ languageCode: "en", value }]

const purse = new PaymentMethodHandler({
  code: "purse",
  description: text("notes in a file what it would have paid back, one JSON line a refund"),
  args: {},
  createPayment: (_ctx, _order, amount) => ({ amount, state: "Settled", transactionId: `in-${Date.now()}` }),
  settlePayment: () => ({ success: true }),
  createRefund: (_ctx, _input, amount) => {
    appendFileSync(process.env.PURSE_FILE, `${JSON.stringify({ amount, at: new Date().toISOString() })}\n`)
    return { state: "Settled", transactionId: `out-${Date.now()}` }
  },
})

// Vendure has no returns of its own: in this shop staff write the number of the return into the reason.
const describe = ({ input }) => {
  const rma = /RMA-\w+/.exec(input.reason ?? "")?.[0]
  return rma ? { rma_id: rma, stated_class: "return" } : {}
}

const config = {
  apiOptions: { hostname: "127.0.0.1", port: Number(process.env.PORT), adminApiPath: "admin-api", shopApiPath: "shop-api" },
  authOptions: {
    tokenMethod: "bearer",
    superadminCredentials: { identifier: process.env.OWNER, password: process.env.SHOP_SECRET },
    cookieOptions: { secret: process.env.SHOP_SECRET },
  },
  dbConnectionOptions: { type: "postgres", url: process.env.DATABASE_URL, synchronize: true },
  logger: new DefaultLogger({ level: LogLevel.Warn }),
  importExportOptions: { importAssetsDir: __dirname },
  paymentOptions: { paymentMethodHandlers: [purse] },
  plugins: [
    BelegPlugin.init({
      gateUrl: process.env.BELEG_URL, gateKey: process.env.BELEG_KEY, webhookSecret: process.env.BELEG_WEBHOOK_SECRET,
      eventSecret: process.env.BELEG_EVENT_SECRET, sweepMs: 1000, describe,
    }),
  ],
}

const INITIAL = {
  defaultLanguage: "en",
  defaultZone: "Europe",
  countries: [{ name: "Germany", code: "DE", zone: "Europe" }],
  taxRates: [{ name: "Standard Tax", percentage: 0 }],
  shippingMethods: [{ name: "Standard", price: 500 }],
  paymentMethods: [{ name: "purse", handler: { code: "purse", arguments: [] } }],
  collections: [],
}

const PRODUCTS = `name,slug,description,assets,facets,optionGroups,optionValues,sku,price,taxCategory,stockOnHand,trackInventory,variantAssets,variantFacets
Kettle,kettle,A kettle,,,,,KETTLE-1,95.00,standard,1000,false,,
`

async function main() {
  const products = join(__dirname, "products.csv")
  writeFileSync(products, PRODUCTS)
  await (process.env.FILL ? populate(() => bootstrap(config), INITIAL, products) : bootstrap(config))
  process.stdout.write("the shop is open\n")
}

main().catch((error) => {
  process.stderr.write(`${error.stack}\n`)
  process.exit(1)
})
