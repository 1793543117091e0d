/** What happened in the shop, told to the gate in order of writing, kept until the gate has taken it. */
import { backoff } from "./backoff"
import { sign } from "./webhooks"

export interface ShopEvent {
  id: string
  type: string
  /** What happened, as JSON text: it is signed and sent exactly as it was written. */
  body: string
  attempts: number
  next_at: number | null
  last_error: string | null
}

export interface EventStore {
  /** Keeps an event; one with the same id is the same event and is not kept twice. */
  add(event: ShopEvent): Promise<void>
  due(now: number, limit: number): Promise<ShopEvent[]>
  update(id: string, change: Partial<ShopEvent>): Promise<void>
}

export interface OutboxOptions {
  /** Where the gate takes this storefront's webhooks. */
  url: string
  secret: string
  timeoutMs?: number
  fetch?: typeof fetch
  now?: () => number
}

export class Outbox {
  private readonly now: () => number
  private running: Promise<number> = Promise.resolve(0)

  constructor(private readonly store: EventStore, private readonly options: OutboxOptions) {
    this.now = options.now ?? Date.now
  }

  /** Keeps an event to be sent; `id` is made of what happened, so that a repeat of the shop's own event is one event. */
  async put(id: string, type: string, data: unknown): Promise<void> {
    const body = JSON.stringify({ id, type, timestamp: new Date(this.now()).toISOString(), data })
    await this.store.add({ id, type, body, attempts: 0, next_at: this.now(), last_error: null })
  }

  /** Sends what is due; what the gate does not take stays and is tried again. Gives how many were taken. */
  flush(limit = 50): Promise<number> {
    const run = (): Promise<number> => this.run(limit)
    this.running = this.running.then(run, run)
    return this.running
  }

  /** One run at a time, since two would both send what is due. */
  private async run(limit: number): Promise<number> {
    let taken = 0
    for (const event of await this.store.due(this.now(), limit)) {
      const problem = await this.send(event)
      if (problem === null) {
        taken += 1
        await this.store.update(event.id, { next_at: null, last_error: null })
      } else {
        const attempts = event.attempts + 1
        await this.store.update(event.id, { attempts, next_at: this.now() + backoff(attempts), last_error: problem })
      }
    }
    return taken
  }

  private async send(event: ShopEvent): Promise<string | null> {
    const headers = { "content-type": "application/json", ...sign(this.options.secret, event.id, event.body, this.now()) }
    const signal = AbortSignal.timeout(this.options.timeoutMs ?? 5_000)
    try {
      const response = await (this.options.fetch ?? fetch)(this.options.url, { method: "POST", headers, body: event.body, signal })
      await response.arrayBuffer()
      return response.ok ? null : `the gate answered ${response.status}`
    } catch (error) {
      return (error as Error).message
    }
  }
}
