/** Opens a queue of dead letters for one command. */
import type { DeadLetters, DeadLettersOptions } from '@seaworthy/dead-letter'
import type { OptionSpec } from './command.ts'
import { loadModule } from './files.ts'
import type { Given } from './given.ts'
import { loaded } from './optional-packages.ts'
import type { Session } from './session.ts'
import { deadLetterOptions, openDeadLetters } from './store-connection.ts'

/** Where the queue is, and what only the service that fills it knows. */
export const queueOptions: readonly OptionSpec[] = [
  ...deadLetterOptions,
  {
    name: 'options',
    value: 'FILE',
    help: 'A module that exports options of deadLetters(): codec for encrypted letters, replay for retries.',
  },
]

/** Opens the queue, does something with it and closes it, on every path. */
export async function withQueue<T>(
  given: Given,
  session: Session,
  replayTo: string | undefined,
  use: (queue: DeadLetters) => Promise<T>,
): Promise<T> {
  const { deadLetters } = await loaded(['@seaworthy/dead-letter'], () => import('@seaworthy/dead-letter'))
  const path = given.text('options')
  const more = path === undefined ? {} : ((await loadModule(session, path)) as Partial<DeadLettersOptions>)
  const { store, close } = await openDeadLetters(given, replayTo)
  try {
    // Not started: upkeep is for the service.
    const queue = deadLetters({ ...more, store })
    try {
      return await use(queue)
    } finally {
      await queue.close()
    }
  } finally {
    await close()
  }
}
