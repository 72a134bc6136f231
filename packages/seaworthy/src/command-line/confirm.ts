/** Asks before something that cannot be undone. */

import type { OptionSpec } from './command.ts'
import type { Given } from './given.ts'
import type { Session } from './session.ts'
import { UsageError } from './usage-error.ts'

/** Of commands that change something. */
export const confirmOptions: readonly OptionSpec[] = [
  { name: 'yes', help: 'Does it without asking.' },
  { name: 'actor', value: 'NAME', help: 'Who does it, for the audit.', standard: 'your user name' },
  { name: 'reason', value: 'TEXT', help: 'Why, for the audit.' },
]

/**
 * Whether to go on: yes with `--yes`, else somebody at a terminal has to say so.
 *
 * @throws UsageError when there is nobody to ask.
 */
export async function confirmed(question: string, given: Given, session: Session): Promise<boolean> {
  if (given.flag('yes')) return true
  const { stdin, stderr } = session
  if (stdin.isTTY !== true || stderr.isTTY !== true)
    throw new UsageError(question, ['nobody is there to be asked: say --yes'])
  stderr.write(`${question} [y/N] `)
  const answer = await firstLine(session)
  if (answer === undefined) stderr.write('\n')
  return /^y(es)?$/i.test(answer?.trim() ?? '')
}

/** Undefined when it ends, or somebody interrupts, before a line is complete. */
async function firstLine({ stdin, interruption }: Session): Promise<string | undefined> {
  const lines = stdin[Symbol.asyncIterator]()
  const { signal } = interruption
  const interrupted = new Promise<undefined>((resolve) => {
    if (signal.aborted) resolve(undefined)
    signal.addEventListener('abort', () => resolve(undefined), { once: true })
  })
  try {
    let text = ''
    for (;;) {
      const next = await Promise.race([lines.next(), interrupted])
      if (next === undefined || next.done === true) return undefined
      text += String(next.value)
      const [line, ...more] = text.split('\n')
      if (more.length > 0) return line
    }
  } finally {
    // Not awaited: after an interruption a read is still under way.
    void lines.return?.()
  }
}

/** Who does it, and why. */
export function operator(given: Given, { environment }: Session): { actor: string; reason?: string } {
  const actor = given.text('actor') ?? environment['USER'] ?? environment['USERNAME']
  if (actor === undefined) throw new UsageError('--actor', ['must say who you are: no user name is known'])
  const reason = given.text('reason')
  return { actor, ...(reason !== undefined && { reason }) }
}
