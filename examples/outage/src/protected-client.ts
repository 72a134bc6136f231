import { type Client, fetchProduct } from './catalogue.ts'
import type { BadDay } from './script.ts'

export type BreakerState = 'closed' | 'open' | 'half-open'
export interface BreakerChange {
  readonly at: number
  readonly state: BreakerState
}
export interface ProtectedClient extends Client {
  readonly fresh: number
  readonly keep: number
  breaker(start: number): BreakerChange[]
  held(): number
}
export function protectedClient(url: string, day: BadDay, _seed: number): ProtectedClient {
  return {
    name: 'seaworthy',
    fresh: 1000,
    keep: 60000,
    breaker: () => [],
    held: () => 0,
    send: (request) => fetchProduct(url, request, AbortSignal.timeout(day.patience)),
  }
}
