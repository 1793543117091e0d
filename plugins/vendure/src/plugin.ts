/** Puts every payment method of the shop behind the gate. */
import { Inject, type OnApplicationBootstrap, type OnApplicationShutdown } from "@nestjs/common"
import { ConfigService, Logger, PluginCommonModule, ProcessContext, type RuntimeVendureConfig, type Type, VendurePlugin } from "@vendure/core"
import { Counter } from "./counter"
import { BelegEvent, BelegRefund } from "./entities"
import { behindGate, gated } from "./gated-handler"
import { BELEG_OPTIONS, type BelegOptions, LOGGER_CONTEXT } from "./options"
import { gatedRefundProcess } from "./refund-process"
import { Telling } from "./telling"
import { SCHEMA, UnclearResolver } from "./unclear.resolver"
import { keepRawBody, WEBHOOK_ROUTE, WebhookController } from "./webhook.controller"

const SWEEP_MS = 15_000

@VendurePlugin({
  imports: [PluginCommonModule],
  entities: [BelegRefund, BelegEvent],
  controllers: [WebhookController],
  adminApiExtensions: { schema: SCHEMA, resolvers: [UnclearResolver] },
  providers: [{ provide: BELEG_OPTIONS, useFactory: () => BelegPlugin.options }, Counter, Telling],
  configuration: (config) => BelegPlugin.configure(config),
  compatibility: "^3.7.0",
})
export class BelegPlugin implements OnApplicationBootstrap, OnApplicationShutdown {
  static options: BelegOptions
  private static counter: Counter | undefined
  private timer: NodeJS.Timeout | undefined

  constructor(
    @Inject(BELEG_OPTIONS) private readonly options: BelegOptions,
    private readonly config: ConfigService,
    private readonly counter: Counter,
    private readonly telling: Telling,
    private readonly process: ProcessContext,
  ) {}

  static init(options: BelegOptions): Type<BelegPlugin> {
    this.options = options
    return BelegPlugin
  }

  static configure(config: RuntimeVendureConfig): RuntimeVendureConfig {
    const counter = (): Counter => {
      if (!BelegPlugin.counter) throw new Error("Beleg: a refund was asked for before the shop was up; nothing is paid")
      return BelegPlugin.counter
    }
    const payments = config.paymentOptions
    payments.paymentMethodHandlers = payments.paymentMethodHandlers.map((handler) => gated(handler, () => (call) => counter().refund(call)))
    payments.refundProcess = [...(payments.refundProcess ?? []), gatedRefundProcess(counter)]
    config.apiOptions.middleware.push({ route: WEBHOOK_ROUTE, handler: keepRawBody, beforeListen: true })
    return config
  }

  onApplicationBootstrap(): void {
    const open = this.config.paymentOptions.paymentMethodHandlers.filter((handler) => !behindGate(handler)).map((handler) => handler.code)
    if (open.length) throw new Error(`Beleg: payment methods ${open.join(", ")} are not behind the gate: put BelegPlugin last in the list of plugins`)
    BelegPlugin.counter = this.counter
    if (!this.process.isServer) return
    this.telling.listen(() => this.counter.sweep())
    const every = this.options.sweepMs ?? SWEEP_MS
    if (every > 0) this.timer = setInterval(() => void this.sweep(), every).unref()
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer)
  }

  private async sweep(): Promise<void> {
    try {
      await this.counter.sweep()
      await this.telling.flush()
    } catch (error) {
      Logger.error(`the sweep over pending refunds failed: ${(error as Error).message}`, LOGGER_CONTEXT)
    }
  }
}
