// A payment provider that moves no money and notes in a file what it would have paid back, one JSON line a refund.
const { appendFileSync } = require("node:fs")
const { AbstractPaymentProvider, BigNumber, ModuleProvider, Modules } = require("@medusajs/framework/utils")

class Purse extends AbstractPaymentProvider {
  static identifier = "purse"

  constructor(container, options) {
    super(container, options)
    this.file = options.file
  }

  async initiatePayment() {
    return { id: `purse_${Date.now()}`, data: {} }
  }
  async authorizePayment() {
    return { status: "authorized", data: {} }
  }
  async capturePayment() {
    return { data: {} }
  }
  async refundPayment({ amount, context }) {
    const row = { amount: new BigNumber(amount).numeric, key: context?.idempotency_key, at: new Date().toISOString() }
    appendFileSync(this.file, `${JSON.stringify(row)}\n`)
    return { data: {} }
  }
  async cancelPayment() {
    appendFileSync(this.file, `${JSON.stringify({ cancelled: true })}\n`)
    return { data: {} }
  }
  async deletePayment() {
    return { data: {} }
  }
  async retrievePayment() {
    return { data: {} }
  }
  async updatePayment() {
    return { data: {} }
  }
  async getPaymentStatus() {
    return { status: "authorized", data: {} }
  }
  async getWebhookActionAndData() {
    return { action: "not_supported" }
  }
}

module.exports = ModuleProvider(Modules.PAYMENT, { services: [Purse] })
