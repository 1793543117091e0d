/** When to try again: soon at first, then ever more rarely, never less than every few minutes. */

const FIRST_MS = 1_000
const LONGEST_MS = 5 * 60_000

/** Milliseconds to wait after so many failed attempts; `spread` in [0, 1) keeps many shops from coming back at once. */
export function backoff(attempts: number, spread: number = Math.random()): number {
  const whole = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(attempts, 20))
  return Math.round(whole / 2 + (whole / 2) * spread)
}
