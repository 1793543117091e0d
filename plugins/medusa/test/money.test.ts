import assert from "node:assert/strict"
import { test } from "node:test"
import { minorUnits } from "../src/lib/money"

for (const [amount, currency, minor] of [
  [95, "eur", 9500], [95.5, "EUR", 9550], ["0.1", "eur", 10], [0.295, "eur", 30], [1500, "jpy", 1500], [1.234, "kwd", 1234], [19.99, "usd", 1999],
] as const) {
  test(`${amount} ${currency} are ${minor} minor units`, () => assert.equal(minorUnits(amount, currency), minor))
}

test("what is no number is no amount", () => {
  assert.throws(() => minorUnits("a lot", "eur"))
})
