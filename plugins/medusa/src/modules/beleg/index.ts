import { Module } from "@medusajs/framework/utils"
import BelegService from "./service"

export const BELEG = "beleg"

export default Module(BELEG, { service: BelegService })
