/** A refund on its way through the gate. */
import { model } from "@medusajs/framework/utils"

const BelegRefund = model
  .define("beleg_refund", {
    id: model.text().primaryKey(),
    payment_id: model.text(),
    amount: model.text(),
    claim: model.json(),
    state: model.text(),
    round: model.number(),
    decision_id: model.text().nullable(),
    reservation_id: model.text().nullable(),
    reservation_expires_at: model.dateTime().nullable(),
    reasons: model.json(),
    would_release: model.json(),
    deadline: model.text().nullable(),
    policy_version: model.text().nullable(),
    open_mode: model.boolean(),
    refund_id: model.text().nullable(),
    told: model.boolean(),
    attempts: model.number(),
    next_at: model.dateTime().nullable(),
    last_error: model.text().nullable(),
    payload: model.json(),
  })
  .indexes([{ on: ["decision_id"] }, { on: ["next_at"] }])

export default BelegRefund
