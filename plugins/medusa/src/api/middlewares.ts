/** The signature is over the bytes as they came, so that they are kept. */
import { defineMiddlewares } from "@medusajs/framework/http"

export default defineMiddlewares({
  routes: [{ matcher: "/hooks/beleg", methods: ["POST"], bodyParser: { preserveRawBody: true, sizeLimit: "256kb" } }],
})
