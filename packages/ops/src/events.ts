/** What the handler tells those who listen. */
import type { EventMap } from '@seaworthy/core'

/** Events of the handler, as `default` of kind `ops`. */
export type OpsEvents = EventMap & {
  /** An operator did something, or was not let to. */
  adminAction: {
    readonly actor: string
    readonly action: string
    readonly target: string
    readonly outcome: 'ok' | 'denied' | 'error'
  }
  /** The sink of the audit did not take an entry; `lost` in all. */
  auditFailed: { readonly lost: number }
}
