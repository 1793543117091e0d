/**
 * Stands in for Medusa's payment module. Its tables, migrations, providers and inner services are Medusa's own.
 */
import { dirname, join } from "node:path"
import { Modules, ModulesSdkUtils } from "@medusajs/framework/utils"
import paymentModule from "@medusajs/payment"
import * as models from "@medusajs/payment/dist/models"
import GatedPaymentModuleService from "./service"

const migrations = {
  moduleName: Modules.PAYMENT,
  models,
  pathToMigrations: join(dirname(require.resolve("@medusajs/payment")), "migrations"),
}

export default {
  ...paymentModule,
  service: GatedPaymentModuleService,
  runMigrations: ModulesSdkUtils.buildMigrationScript(migrations as never),
  revertMigration: ModulesSdkUtils.buildRevertMigrationScript(migrations as never),
}
