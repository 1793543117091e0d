/** Beleg's gate for Vendure: add `BelegPlugin.init({...})` as the last of the shop's plugins. */
export { BelegPlugin } from "./plugin"
export type { BelegOptions } from "./options"
export { BelegEvent, BelegRefund } from "./entities"
export type { RefundCall } from "./gated-handler"
