/** Medusa counts in whole currency units with decimals; the gate in minor units. */
import { BigNumber, defaultCurrencies, MathBN } from "@medusajs/framework/utils"

type Amount = ConstructorParameters<typeof BigNumber>[0]

/** An amount in minor units: 95.5 EUR are 9550. What is finer than the currency's smallest coin is rounded half up. */
export function minorUnits(amount: Amount, currency: string): number {
  const digits = defaultCurrencies[currency.toUpperCase()]?.decimal_digits ?? 2
  const minor = MathBN.mult(new BigNumber(amount), 10 ** digits).decimalPlaces(0, HALF_UP).toNumber()
  if (!Number.isSafeInteger(minor)) throw new Error(`Beleg: ${String(amount)} ${currency} is no amount of money`)
  return minor
}

/** bignumber.js's ROUND_HALF_UP. */
const HALF_UP = 4
