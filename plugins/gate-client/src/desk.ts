/** Takes a refund through the gate: pays nothing without a reservation, loses nothing, and pays nothing twice. */
import { backoff } from "./backoff"
import type { Answer } from "./answer"
import type { Gate } from "./gate"
import { type OpenMode, paidInOpenMode } from "./open-mode"
import { answered, idempotencyKey, type RefundRequest, type State } from "./refund"

export interface RequestStore {
  add(request: RefundRequest): Promise<void>
  get(id: string): Promise<RefundRequest | null>
  byDecision(decisionId: string): Promise<RefundRequest | null>
  /** Requests whose `next_at` has come, oldest first. */
  due(now: number, limit: number): Promise<RefundRequest[]>
  /** Changes a request if it is still in state `from`, in one atomic step; false when somebody else was first. */
  move(id: string, from: State, change: Partial<RefundRequest>): Promise<boolean>
}

/** The storefront's side: it pays, and can look whether it has. */
export interface Till {
  /** Pays a released request by calling `Desk.pay` where the money leaves. */
  pay(request: RefundRequest): Promise<void>
  /** What became of a payment during which the shop stopped. */
  look(request: RefundRequest): Promise<"paid" | "not paid" | "unknown">
  /** The shop's number for a refund that is paid, where it was not known in the moment of paying. */
  refundId?(request: RefundRequest): Promise<string | null>
  /** Whether a person moves this money, so that a release only permits it; when the reservation expires, it is asked for again on demand. */
  byHand?(request: RefundRequest): boolean
  /** Told whenever a request that nobody waits for has changed. */
  changed?(request: RefundRequest): Promise<void>
}

export interface Log {
  info(message: string): void
  warn(message: string): void
  error(message: string): void
}

export interface DeskOptions {
  openMode?: OpenMode | undefined
  /** Leaves it to the sweep to tell the gate of the outcome: for storefronts that pay inside a transaction. */
  tellLater?: boolean
  now?: () => number
  log: Log
}

/** How often a held request is looked at though no webhook came, and when an unfinished payment counts as broken off. */
const LOOK_AGAIN_MS = 60_000
const BROKEN_OFF_MS = 10 * 60_000
/** A reservation this close to its end is not paid on: the payment itself takes time. */
const MARGIN_MS = 5_000

export class Desk {
  private readonly now: () => number
  private readonly log: Log

  constructor(private readonly gate: Gate, private readonly store: RequestStore, private readonly options: DeskOptions) {
    this.now = options.now ?? Date.now
    this.log = options.log
  }

  /** Keeps a new request and asks for it. Afterwards it is `released` if it may be paid now, else it says why not. */
  async take(request: RefundRequest): Promise<RefundRequest> {
    await this.store.add({ ...request, next_at: this.now() + BROKEN_OFF_MS })
    return (await this.ask(request)) ?? (await this.store.get(request.id)) ?? request
  }

  /** Asks the gate about a waiting request, or looks at a held one again; null when somebody else was first. */
  private async ask(request: RefundRequest): Promise<RefundRequest | null> {
    let answer: Answer
    try {
      answer = request.state === "held" && request.decision_id
        ? await this.gate.read(request.decision_id, request.claim)
        : await this.gate.ask(request.claim, idempotencyKey(request))
    } catch (error) {
      return this.unanswered(request, error as Error)
    }
    const state = ({ release: "released", hold: "held", review: "held", refuse: "refused" } as const)[answer.verdict]
    const nextAt = state === "refused" ? null : this.now() + LOOK_AGAIN_MS
    return this.change(request, { ...answered(answer), state, next_at: nextAt })
  }

  /**
   * Pays a released request: `send` moves the money and gives the shop's number for the refund. Exactly one caller gets to send. Raises what
   * `send` raises, after the reservation was freed.
   */
  async pay<T>(request: RefundRequest, send: () => Promise<T>, refundId: (result: T) => string | null): Promise<T> {
    if (request.state !== "released") throw new Error(`request ${request.id} is ${request.state}: nothing may be paid on it`)
    if (!this.inTime(request)) {
      await this.store.move(request.id, "released", this.anew(request))
      throw new Error(`the reservation of request ${request.id} has expired; the gate is asked anew`)
    }
    if (!(await this.store.move(request.id, "released", { state: "paying", next_at: this.now() + BROKEN_OFF_MS }))) {
      throw new Error(`request ${request.id} is being paid already, or no longer released`)
    }
    let result: T
    try {
      result = await send()
    } catch (error) {
      await this.finish(request, "failed", null, (error as Error).message)
      throw error
    }
    await this.finish(request, "paid", refundId(result), null)
    return result
  }

  /** Does what is due: asks, looks, pays, tells. Problems with one request do not keep the others waiting. */
  async sweep(till: Till, limit = 50): Promise<void> {
    for (const request of await this.store.due(this.now(), limit)) await this.safely(request, till)
  }

  /** Asks again about a request that rests, because a person wants to pay it now. */
  async revive(request: RefundRequest): Promise<void> {
    if (request.state === "released" && !this.inTime(request)) await this.store.move(request.id, "released", this.anew(request))
    const waiting = await this.store.get(request.id)
    if (waiting?.state === "waiting") await this.ask(waiting)
  }

  /**
   * Ends a request that broke off while it was being paid, as a person found it at the payment provider. No money moves: a request that failed has to be
   * made anew, and the gate is asked again. False if it is not `unclear`.
   */
  async end(id: string, outcome: "paid" | "failed", refundId: string | null): Promise<boolean> {
    const change = { state: outcome, refund_id: refundId, attempts: 0, next_at: this.now() }
    if (!(await this.store.move(id, "unclear", change))) return false
    const ended = await this.store.get(id)
    if (ended) await this.tell(ended)
    return true
  }

  /** What a webhook about a decision sets off. It is a hint only: the gate itself is read before anything is paid. */
  async wake(decisionId: string, till: Till): Promise<RefundRequest | null> {
    const request = await this.store.byDecision(decisionId)
    if (request?.state === "held") await this.safely(request, till)
    return request && this.store.get(request.id)
  }

  private async safely(request: RefundRequest, till: Till): Promise<void> {
    try {
      await this.step(request, till)
    } catch (error) {
      this.log.error(`Beleg: request ${request.id} (${request.state}): ${(error as Error).message}`)
    }
  }

  private async step(request: RefundRequest, till: Till): Promise<void> {
    switch (request.state) {
      case "waiting":
      case "held": {
        const after = await this.ask(request)
        if (!after) return
        if (after.state !== request.state) await till.changed?.(after)
        if (after.state === "released") await this.settle(after, till)
        return
      }
      case "released":
        return this.settle(request, till)
      case "paying":
        return this.brokenOff(request, till)
      default:
        return this.tell({ ...request, refund_id: request.refund_id ?? (await till.refundId?.(request)) ?? null })
    }
  }

  private async settle(request: RefundRequest, till: Till): Promise<void> {
    if (!this.inTime(request)) {
      await this.store.move(request.id, "released", { ...this.anew(request), next_at: till.byHand?.(request) ? null : this.now() })
    } else if (till.byHand?.(request)) {
      await this.store.move(request.id, "released", { next_at: request.reservation_expires_at })
    } else {
      await till.pay(request)
    }
  }

  private inTime(request: RefundRequest): boolean {
    return request.open_mode || (request.reservation_expires_at ?? 0) - MARGIN_MS >= this.now()
  }

  /** The shop stopped while paying. What cannot be told goes to a person, since paying again might pay twice. */
  private async brokenOff(request: RefundRequest, till: Till): Promise<void> {
    const found = await till.look(request)
    if (found === "paid") return this.finish(request, "paid", request.refund_id, null)
    if (found === "not paid") {
      await this.store.move(request.id, "paying", { state: "released", next_at: this.now() })
      return
    }
    this.log.error(`Beleg: request ${request.id} was being paid when the shop stopped. Look at the payment provider, then end the request as paid or failed.`)
    await this.change(request, { state: "unclear", next_at: null })
  }

  private async finish(request: RefundRequest, state: "paid" | "failed", refundId: string | null, problem: string | null): Promise<void> {
    const change = { state, refund_id: refundId, last_error: problem, attempts: 0, next_at: this.now() }
    await this.store.move(request.id, "paying", change)
    if (!this.options.tellLater) await this.tell({ ...request, ...change })
  }

  /** Tells the gate what became of a reservation, again and again until it has taken it. */
  private async tell(request: RefundRequest): Promise<void> {
    if (request.state !== "paid" && request.state !== "failed") return
    try {
      const told = request.reservation_id ? request : await this.askAfterwards(request)
      if (told.reservation_id) await this.gate.confirm(told.reservation_id, request.state, request.refund_id)
      await this.store.move(request.id, request.state, { told: true, next_at: null, refund_id: request.refund_id })
    } catch (error) {
      const attempts = request.attempts + 1
      this.log.warn(`Beleg: the gate does not yet know that request ${request.id} is ${request.state}: ${(error as Error).message}`)
      await this.store.move(request.id, request.state, { attempts, next_at: this.now() + backoff(attempts) })
    }
  }

  /** What was paid in open mode is asked about afterwards, so that the gate knows of it and says what it would have said. */
  private async askAfterwards(request: RefundRequest): Promise<RefundRequest> {
    const answer = await this.gate.ask(request.claim, idempotencyKey(request))
    if (answer.verdict !== "release") this.log.warn(`Beleg: request ${request.id} was paid in open mode; the gate says ${answer.verdict}: ${answer.reasons.join("; ")}`)
    const after = { ...request, ...answered(answer) }
    await this.store.move(request.id, request.state, { ...answered(answer), last_error: request.last_error })
    return after
  }

  private async unanswered(request: RefundRequest, error: Error): Promise<RefundRequest | null> {
    const attempts = request.attempts + 1
    const change = { attempts, last_error: error.message, next_at: this.now() + backoff(attempts) }
    if (error.name === "GateAway" && request.state === "waiting" && paidInOpenMode(request.claim, this.options.openMode)) {
      this.log.warn(`Beleg: open mode: request ${request.id} of ${request.claim.amount} ${request.claim.currency} goes through unasked: ${error.message}`)
      return this.change(request, { ...change, state: "released", open_mode: true })
    }
    this.log.error(`Beleg: no answer about request ${request.id}, it stays pending: ${error.message}`)
    return this.change(request, change)
  }

  private anew(request: RefundRequest): Partial<RefundRequest> {
    return { state: "waiting", round: request.round + 1, decision_id: null, reservation_id: null, reservation_expires_at: null, next_at: this.now() }
  }

  private async change(request: RefundRequest, change: Partial<RefundRequest>): Promise<RefundRequest | null> {
    return (await this.store.move(request.id, request.state, change)) ? { ...request, ...change } : null
  }
}
