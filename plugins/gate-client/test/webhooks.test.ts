import assert from "node:assert/strict"
import { test } from "node:test"
import { backoff, sign, verify, WebhookError } from "../src"

const SECRET = `whsec_${Buffer.from("0123456789abcdef0123456789abcdef").toString("base64")}`
const OTHER = `whsec_${Buffer.from("fedcba9876543210fedcba9876543210").toString("base64")}`
const NOW = Date.parse("2026-11-22T12:00:00Z")
const BODY = '{"type":"x"}'

test("the example of the Standard Webhooks specification is signed as the specification says", () => {
  const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
  const headers = sign(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", '{"test": 2432232314}', 1614265330_000)
  assert.equal(headers["webhook-signature"], "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")
})

test("what was signed is accepted, under any of several secrets", () => {
  assert.deepEqual(verify(SECRET, sign(SECRET, "m1", BODY, NOW), BODY, NOW), { type: "x" })
  assert.deepEqual(verify([OTHER, SECRET], sign(SECRET, "m1", BODY, NOW), Buffer.from(BODY), NOW), { type: "x" })
})

for (const [what, change] of [
  ["another body", (headers: Record<string, string>) => [headers, `${BODY} `, NOW]],
  ["another id", (headers: Record<string, string>) => [{ ...headers, "webhook-id": "m2" }, BODY, NOW]],
  ["another time", (headers: Record<string, string>) => [{ ...headers, "webhook-timestamp": String(NOW / 1000 + 1) }, BODY, NOW]],
  ["a replay after ten minutes", (headers: Record<string, string>) => [headers, BODY, NOW + 600_000]],
  ["a clock far ahead", (headers: Record<string, string>) => [headers, BODY, NOW - 600_000]],
  ["no signature", (headers: Record<string, string>) => [{ ...headers, "webhook-signature": "" }, BODY, NOW]],
  ["a signature of an unknown kind", (headers: Record<string, string>) => [{ ...headers, "webhook-signature": "v9,abc" }, BODY, NOW]],
  ["no headers", () => [{}, BODY, NOW]],
] as const) {
  test(`${what} is refused`, () => {
    const [headers, body, now] = change(sign(SECRET, "m1", BODY, NOW)) as [Record<string, string>, string, number]
    assert.throws(() => verify(SECRET, headers, body, now), WebhookError)
  })
}

test("another secret is refused", () => {
  assert.throws(() => verify(OTHER, sign(SECRET, "m1", BODY, NOW), BODY, NOW), WebhookError)
})

test("a secret that is none is told at once", () => {
  assert.throws(() => sign("secret", "m1", BODY, NOW), /whsec_/)
})

test("waiting grows and stays within five minutes", () => {
  const waits = Array.from({ length: 30 }, (_, attempts) => backoff(attempts, 0.5))
  assert.ok(waits.every((wait, index) => index === 0 || wait >= waits[index - 1]!))
  assert.ok(Math.max(...waits) <= 300_000 && waits[0]! <= 1_000)
})
