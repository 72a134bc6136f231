/** What the routes work with: the options, and what the handler keeps. */
import type { AuditTrail } from './audit.ts'
import type { Recorder } from './figures/recorder.ts'
import type { OpsSettings } from './options.ts'
import type { Feed } from './stream/feed.ts'
import type { QueueBoard } from './views/queue-board.ts'
import type { ServiceFacts } from './wire.ts'

/** Everything that routes may need. */
export interface Desk {
  readonly settings: OpsSettings
  readonly recorder: Recorder
  readonly feed: Feed
  readonly board: QueueBoard
  readonly audit: AuditTrail
  /** What the service says about itself, now. */
  service(): ServiceFacts
  /** The present time, in milliseconds since 1970. */
  wall(): number
}
