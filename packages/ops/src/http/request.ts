/** A request as handlers see it. */
import type { Principal } from '../auth/authenticate.ts'
import type { Input } from './input.ts'

/** What an action did, for the audit. Handlers fill it in. */
export interface ActionRecord {
  target: string
  before: string | undefined
  after: string | undefined
  reason: string | undefined
}

/** A request, with what was found out about it. */
export interface OpsRequest {
  readonly request: Request
  readonly url: URL
  /** When it came, on the clock. */
  readonly receivedAt: number
  /** The `{parts}` of the path. */
  readonly params: Readonly<Record<string, string>>
  readonly input: Input
  /** Who asks; undefined on public routes, and for anonymous readers of the rest. */
  readonly principal: Principal | undefined
  /** Whether details may be shown. */
  readonly detailed: boolean
  readonly record: ActionRecord
}
