/** The payment module's own tables: a module's loader looks for them beside its index. */
export * from "@medusajs/payment/dist/models"
