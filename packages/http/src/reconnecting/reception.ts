/** Where messages go that come in: to a callback, or into a bounded inbox; and how far they have come. */
import { Inbox } from './inbox.ts'
import type { Settings } from './options.ts'

/** Whom it tells what went wrong. */
export interface ReceptionReports {
  /** A callback threw or rejected. */
  failed(error: unknown): void
  /** A message found no room. @param dropped - How many have not so far. */
  dropped(dropped: number): void
}

/** The messages of all connections, one after the other. */
export class Reception<In> {
  readonly inbox: Inbox<In>
  /** Where the next connection should go on. */
  resumeToken: string | undefined
  received = 0
  dropped = 0
  private readonly settings: Settings<In>
  private readonly reports: ReceptionReports

  constructor(settings: Settings<In>, resumeToken: string | undefined, reports: ReceptionReports) {
    this.settings = settings
    this.reports = reports
    this.inbox = new Inbox(settings.inbox.limit)
    this.resumeToken = resumeToken
  }

  /** Undefined if there is room, otherwise a promise of it. */
  room(): Promise<void> | undefined {
    return this.settings.onMessage === undefined ? this.inbox.roomAgain() : undefined
  }

  /**
   * Takes a message in.
   *
   * @param pausable - Whether its connection can wait with the next: if not, and there is no room, something must go.
   * @returns `overflow` if that is the connection; a promise of room if the next message has none.
   */
  accept(message: In, token: string | undefined, pausable: boolean): Promise<void> | 'overflow' | undefined {
    const { onMessage, inbox } = this.settings
    if (onMessage === undefined && this.inbox.isFull && !pausable) {
      if (inbox.overflow === 'disconnect') return 'overflow'
      this.inbox.dropOldest()
      this.dropped++
      this.reports.dropped(this.dropped)
    }
    this.received++
    this.resumeToken = token ?? this.tokenOf(message) ?? this.resumeToken
    return onMessage === undefined ? this.inbox.push(message) : this.hand(message, onMessage)
  }

  private hand(message: In, onMessage: (message: In) => unknown): Promise<void> | undefined {
    const report = (error: unknown): void => this.reports.failed(error)
    try {
      const handled = onMessage(message)
      return handled instanceof Promise ? handled.then(() => {}, report) : undefined
    } catch (error) {
      report(error)
      return undefined
    }
  }

  private tokenOf(message: In): string | undefined {
    try {
      return this.settings.resumeTokenOf(message)
    } catch {
      return undefined
    }
  }
}
