/** Where the gate tells the shop that a decision has changed. */
import { verify, WebhookError } from "@beleg/gate-client"
import { Controller, HttpCode, HttpException, Inject, Post, Req } from "@nestjs/common"
import { Logger } from "@vendure/core"
import type { NextFunction, Request, Response } from "express"
import { Counter } from "./counter"
import { BELEG_OPTIONS, type BelegOptions, LOGGER_CONTEXT } from "./options"

export const WEBHOOK_ROUTE = "/beleg/webhook"
const LARGEST = 256 * 1024

@Controller("beleg")
export class WebhookController {
  constructor(@Inject(BELEG_OPTIONS) private readonly options: BelegOptions, private readonly counter: Counter) {}

  @Post("webhook")
  @HttpCode(204)
  async take(@Req() request: Request & { rawBody?: Buffer }): Promise<void> {
    let event: { data?: { decision_id?: unknown } }
    try {
      event = verify(this.options.webhookSecret, request.headers, request.rawBody ?? "", Date.now()) as typeof event
    } catch (error) {
      if (!(error instanceof WebhookError)) throw error
      Logger.warn(`a webhook was refused: ${error.message}`, LOGGER_CONTEXT)
      throw new HttpException(error.message, 401)
    }
    const decision = event?.data?.decision_id
    if (typeof decision === "string") await this.counter.wake(decision)
  }
}

/** The signature is over the bytes as they came, so that they are kept before anything parses them. */
export function keepRawBody(request: Request & { rawBody?: Buffer; _body?: boolean }, response: Response, next: NextFunction): void {
  const parts: Buffer[] = []
  let size = 0
  request.on("data", (part: Buffer) => {
    size += part.length
    if (size <= LARGEST) parts.push(part)
  })
  request.on("end", () => {
    if (size > LARGEST) return void response.status(413).end()
    request.rawBody = Buffer.concat(parts)
    request._body = true
    next()
  })
}
