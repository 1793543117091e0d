/** The payment module's own inner services: a module's loader looks for them beside its index. */
export { PaymentProviderService } from "@medusajs/payment/dist/services"
