/** `seaworthy dlq`: replay dead letters, or remove them. */
import { isSeaworthyError } from '@seaworthy/core'
import type { DeadLetters } from '@seaworthy/dead-letter'
import type { Command } from '../command.ts'
import { confirmed, confirmOptions, operator } from '../confirm.ts'
import { queueOptions, withQueue } from '../dead-letter-queue.ts'
import { exitCodes } from '../exit-codes.ts'
import { print, printJson } from '../session.ts'
import { UsageError } from '../usage-error.ts'

/** `dlq retry` */
export const dlqRetry: Command = {
  words: 'dlq retry',
  operands: { show: 'ID…', least: 1, most: 1000 },
  summary: 'Replays dead letters, each once however often it is asked for',
  about: [
    'On Redis a letter goes to the task stream that has the name of the queue, in one step. Elsewhere, or to another place, ' +
      'the replay function that --options exports sends it: only your service knows where to.',
  ],
  options: [
    ...queueOptions,
    { name: 'stream', value: 'NAME', help: 'Redis: the stream, if it is not the one of that name.' },
    ...confirmOptions,
    { name: 'json', help: 'Prints JSON.' },
  ],
  examples: [
    [
      'seaworthy dlq retry 1700000000000000000001-4mcq --redis redis://127.0.0.1:6379 --name mails --reason "mail server is back"',
      'one letter, back to its stream',
    ],
  ],
  exitCodes: { 0: 'all are replayed, or were before', 1: 'one is not', 2: 'somebody said no' },
  async run(given, session) {
    const ids = given.operands
    const by = operator(given, session)
    const custom = given.text('options') !== undefined && given.text('stream') === undefined
    const stream =
      given.text('redis') === undefined || custom
        ? undefined
        : (given.text('stream') ?? given.text('name') ?? 'letters')
    if (stream === undefined && given.text('options') === undefined)
      throw new UsageError('--options', [
        'is needed here: a module that exports { replay }, which sends a letter to its queue',
      ])
    const question = `Replay ${ids.length === 1 ? `letter ${ids[0]}` : `${ids.length} letters`} as ${by.actor}?`
    if (!(await confirmed(question, given, session))) return exitCodes.partial
    return withQueue(given, session, stream, async (queue) => {
      const answers: Answer[] = []
      for (const id of ids) {
        if (session.interruption.signal.aborted) break
        answers.push(await retried(queue, id, by))
      }
      if (given.flag('json')) printJson(session, answers)
      else for (const { id, outcome } of answers) print(session, `${id}  ${outcome}`)
      return answers.length === ids.length && answers.every(({ done }) => done)
        ? exitCodes.passed
        : exitCodes.failed
    })
  },
}

interface Answer {
  readonly id: string
  readonly done: boolean
  readonly outcome: string
}

/** One that cannot be replayed does not keep the others from it. */
async function retried(queue: DeadLetters, id: string, by: { readonly actor: string }): Promise<Answer> {
  try {
    const answer = await queue.retry(id, by)
    if (answer.outcome === 'replayed') return { id, done: true, outcome: `replayed as ${answer.replayId}` }
    // While somebody is at it, nobody knows how it will end.
    return { id, done: answer.state !== 'replaying', outcome: `was ${answer.state} already` }
  } catch (error) {
    if (!isSeaworthyError(error) || !error.code.startsWith('ERR_DEAD_LETTER')) throw error
    const { message, cause } = error
    return { id, done: false, outcome: cause instanceof Error ? `${message}: ${cause.message}` : message }
  }
}

/** `dlq purge` */
export const dlqPurge: Command = {
  words: 'dlq purge',
  summary: 'Removes dead letters that are too old',
  about: ['What is removed is gone. Who removed it, and why, stays in the audit of the queue.'],
  options: [
    ...queueOptions,
    {
      name: 'older-than',
      value: 'TIME',
      kind: 'duration',
      help: 'Those that have been dead for so long, for example 7d.',
    },
    { name: 'keep', value: 'N', kind: 'count', help: 'The oldest, until so many are left.' },
    ...confirmOptions,
    { name: 'json', help: 'Prints JSON.' },
  ],
  examples: [
    [
      'seaworthy dlq purge --older-than 7d --postgres postgres://127.0.0.1/shop --name mails',
      'asks, and removes what died a week ago',
    ],
  ],
  exitCodes: { 0: 'done', 2: 'somebody said no' },
  async run(given, session) {
    const [olderThan, keep] = [given.duration('older-than'), given.count('keep')]
    if (olderThan === undefined && keep === undefined)
      throw new UsageError('dlq purge', ['needs --older-than or --keep: which letters are to go?'])
    const by = operator(given, session)
    const which = [
      ...(olderThan === undefined ? [] : [`are older than ${given.text('older-than')}`]),
      ...(keep === undefined ? [] : [`are not among the newest ${keep}`]),
    ].join(', or ')
    if (!(await confirmed(`Remove for ever the letters that ${which}?`, given, session)))
      return exitCodes.partial
    return withQueue(given, session, undefined, async (queue) => {
      const statistics = await queue.purge({
        ...by,
        ...(olderThan !== undefined && { olderThan }),
        ...(keep !== undefined && { keep }),
      })
      if (given.flag('json')) printJson(session, statistics)
      else print(session, `removed ${statistics.byAge + statistics.byCount} letters`)
      return exitCodes.passed
    })
  },
}
