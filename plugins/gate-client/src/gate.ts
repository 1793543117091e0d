/** The gate's HTTP interface as the plug-ins use it: ask, read again, say what became of a reservation. */
import { type Answer, AnswerError, type Claim, readAnswer } from "./answer"

export interface GateOptions {
  /** Where the gate listens, such as http://127.0.0.1:8400. */
  url: string
  /** An API key with the right to ask for decisions. */
  key: string
  /** How long a refund may wait for the answer before it counts as none. */
  timeoutMs?: number
  fetch?: typeof fetch
}

/** No answer: the gate could not be reached, took too long, or could not serve. The refund stays pending. */
export class GateAway extends Error {
  override name = "GateAway"
}

/** The gate turned the request itself down, such as a wrong key or an unknown field. The refund stays pending, and a person has to look. */
export class GateRefused extends Error {
  override name = "GateRefused"
  constructor(readonly status: number, message: string) {
    super(message)
  }
}

export class Gate {
  private readonly base: string
  private readonly timeoutMs: number
  private readonly fetch: typeof fetch

  constructor(private readonly options: GateOptions) {
    if (!/^https?:\/\//.test(options.url ?? "")) {
      throw new Error(`Beleg: option url: got ${JSON.stringify(options.url)}, expected the gate's address, such as http://127.0.0.1:8400`)
    }
    if (!options.key) throw new Error("Beleg: option key: got nothing, expected an API key of the gate")
    this.base = options.url.replace(/\/+$/, "")
    this.timeoutMs = options.timeoutMs ?? 3_000
    this.fetch = options.fetch ?? fetch
  }

  /** Asks for a decision. The same key with the same claim gives the same decision, so that asking again is safe. */
  async ask(claim: Claim, idempotencyKey: string): Promise<Answer> {
    return readAnswer(await this.call("POST", "/v1/refund-decisions", claim, idempotencyKey), claim)
  }

  /** The decision as it stands now: a held one may have been released since. */
  async read(decisionId: string, claim: Claim): Promise<Answer> {
    return readAnswer(await this.call("GET", `/v1/refund-decisions/${encodeURIComponent(decisionId)}`), claim)
  }

  /** Says that the reserved money was paid, under the shop's own number for the refund, or that paying failed. */
  async confirm(reservationId: string, outcome: "paid" | "failed", refundId: string | null): Promise<void> {
    const body = { outcome, refund_id: refundId }
    await this.call("POST", `/v1/reservations/${encodeURIComponent(reservationId)}/outcome`, body, `${reservationId}:${outcome}`)
  }

  private async call(method: string, path: string, body?: unknown, idempotencyKey?: string): Promise<unknown> {
    const headers: Record<string, string> = { accept: "application/json", authorization: `Bearer ${this.options.key}` }
    if (body !== undefined) headers["content-type"] = "application/json"
    if (idempotencyKey) headers["idempotency-key"] = idempotencyKey
    let response: Response
    let text: string
    try {
      const signal = AbortSignal.timeout(this.timeoutMs)
      response = await this.fetch(this.base + path, { method, headers, body: body === undefined ? null : JSON.stringify(body), signal })
      text = await response.text()
    } catch (error) {
      throw new GateAway(`${method} ${path}: ${(error as Error).message}`)
    }
    if (response.status >= 500 || response.status === 429 || response.status === 408) {
      throw new GateAway(`${method} ${path}: the gate answered ${response.status}`)
    }
    if (!response.ok) throw new GateRefused(response.status, `${method} ${path}: ${response.status} ${said(text)}`)
    try {
      return text === "" ? null : JSON.parse(text)
    } catch {
      throw new AnswerError(`${method} ${path}: got ${text.slice(0, 80)}, expected JSON`)
    }
  }
}

/** The sentence of a problem document (RFC 9457), else what there is of the text. */
function said(text: string): string {
  try {
    const problem = JSON.parse(text) as { title?: unknown; detail?: unknown }
    return String(problem.detail ?? problem.title ?? text.slice(0, 200))
  } catch {
    return text.slice(0, 200)
  }
}
