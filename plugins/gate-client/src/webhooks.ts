/** Signatures by Standard Webhooks, over the raw bytes of the body. */
import { createHmac, timingSafeEqual } from "node:crypto"

export class WebhookError extends Error {
  override name = "WebhookError"
}

export type Headers = Record<string, string | string[] | undefined>

const TOLERANCE_S = 5 * 60

/** The three headers for a body; `secret` is "whsec_" and base64, `now` milliseconds since 1970. */
export function sign(secret: string, id: string, body: string, now: number): Record<string, string> {
  const timestamp = String(Math.floor(now / 1000))
  return { "webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": `v1,${mac(secret, id, timestamp, body)}` }
}

/** Checks a webhook and gives its body as JSON; several secrets are tried, for rotation. Raises WebhookError. */
export function verify(secrets: string | readonly string[], headers: Headers, body: Buffer | string, now: number): unknown {
  const [id, timestamp, signatures] = ["webhook-id", "webhook-timestamp", "webhook-signature"].map((name) => one(headers, name))
  if (!id || !timestamp || !signatures) throw new WebhookError("webhook-id, webhook-timestamp or webhook-signature is missing")
  if (!/^\d+$/.test(timestamp) || Math.abs(now / 1000 - Number(timestamp)) > TOLERANCE_S) {
    throw new WebhookError("webhook-timestamp is too far from now: a replay, or a clock that is wrong")
  }
  const text = body.toString()
  const given = signatures.split(" ").filter((entry) => entry.startsWith("v1,")).map((entry) => entry.slice(3))
  const right = [secrets].flat().map((secret) => mac(secret, id, timestamp, text))
  if (!given.some((signature) => right.some((expected) => same(signature, expected)))) throw new WebhookError("webhook-signature does not fit the body")
  try {
    return JSON.parse(text)
  } catch {
    throw new WebhookError("the body is no JSON")
  }
}

function mac(secret: string, id: string, timestamp: string, body: string): string {
  const key = Buffer.from(secret.replace(/^whsec_/, ""), "base64")
  if (!secret.startsWith("whsec_") || key.length < 16) throw new Error("Beleg: a webhook secret is 'whsec_' and at least 16 bytes in base64")
  return createHmac("sha256", key).update(`${id}.${timestamp}.${body}`).digest("base64")
}

function same(left: string, right: string): boolean {
  const [a, b] = [Buffer.from(left), Buffer.from(right)]
  return a.length === b.length && timingSafeEqual(a, b)
}

function one(headers: Headers, name: string): string | undefined {
  const value = headers[name]
  return Array.isArray(value) ? value[0] : value
}
