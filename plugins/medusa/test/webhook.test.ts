import assert from "node:assert/strict"
import { test } from "node:test"
import { sign } from "@beleg/gate-client"
import { POST } from "../src/api/hooks/beleg/route"

const SECRET = `whsec_${Buffer.from("0123456789abcdef0123456789abcdef").toString("base64")}`

async function post(body: string, headers: Record<string, string>): Promise<{ status: number; woken: string[] }> {
  const woken: string[] = []
  const beleg = { options: { webhookSecret: SECRET }, log: { warn: () => undefined }, desk: { wake: async (decision: string) => void woken.push(decision) } }
  const answer = { status: 0, woken }
  const response = { status: (code: number) => ((answer.status = code), response), json: () => response, end: () => response }
  const request = { scope: { resolve: () => beleg }, headers, rawBody: Buffer.from(body) }
  await POST(request as never, response as never)
  return answer
}

test("a signed webhook wakes its decision", async () => {
  const body = JSON.stringify({ data: { decision_id: "dec_1" } })
  assert.deepEqual(await post(body, sign(SECRET, "e1", body, Date.now())), { status: 204, woken: ["dec_1"] })
})

for (const [what, body, signed] of [
  ["an altered body", '{"data":{"decision_id":"dec_2"}}', '{"data":{"decision_id":"dec_1"}}'],
  ["no body", "", "{}"],
] as const) {
  test(`${what} is refused and wakes nothing`, async () => {
    assert.deepEqual(await post(body, sign(SECRET, "e1", signed, Date.now())), { status: 401, woken: [] })
  })
}

test("a signed webhook about something else is taken and does nothing", async () => {
  for (const body of ['{"data":{"finding":1}}', "[]", "7", "null"]) {
    assert.deepEqual(await post(body, sign(SECRET, "e1", body, Date.now())), { status: 204, woken: [] })
  }
})
