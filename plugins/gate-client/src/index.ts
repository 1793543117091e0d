/** What the plug-ins of all storefronts share: asking the gate, keeping held refunds, telling the gate what happened. */
export * from "./answer"
export * from "./backoff"
export * from "./desk"
export * from "./gate"
export * from "./open-mode"
export * from "./outbox"
export * from "./refund"
export * from "./webhooks"
