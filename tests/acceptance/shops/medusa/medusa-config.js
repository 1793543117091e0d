// A shop for the acceptance test: Medusa as it comes, a payment provider that only notes what it pays, and Beleg's plug-in.
const { defineConfig } = require("@medusajs/framework/utils")

module.exports = defineConfig({
  admin: { disable: true },
  projectConfig: {
    databaseUrl: process.env.DATABASE_URL,
    databaseDriverOptions: { ssl: false },
    http: {
      storeCors: "http://localhost", adminCors: "http://localhost", authCors: "http://localhost",
      jwtSecret: process.env.SHOP_SECRET, cookieSecret: process.env.SHOP_SECRET,
    },
  },
  plugins: [
    {
      resolve: "@beleg/medusa-plugin",
      options: {
        gateUrl: process.env.BELEG_URL, gateKey: process.env.BELEG_KEY,
        webhookSecret: process.env.BELEG_WEBHOOK_SECRET, eventSecret: process.env.BELEG_EVENT_SECRET,
      },
    },
  ],
  modules: [
    {
      resolve: "@beleg/medusa-plugin/payment",
      dependencies: ["beleg", "query"],
      options: { providers: [{ resolve: "./src/modules/purse", id: "purse", options: { file: process.env.PURSE_FILE } }] },
    },
  ],
})
