/** What the gate has yet to be told of. */
import { model } from "@medusajs/framework/utils"

const BelegEvent = model
  .define("beleg_event", {
    id: model.text().primaryKey(),
    type: model.text(),
    body: model.text(),
    attempts: model.number(),
    next_at: model.dateTime().nullable(),
    last_error: model.text().nullable(),
  })
  .indexes([{ on: ["next_at"] }])

export default BelegEvent
