/** `seaworthy dlq`: look at dead letters. */
import type { LetterState, LetterSummary, OpenLetter } from '@seaworthy/dead-letter'
import type { Command } from '../command.ts'
import { operator } from '../confirm.ts'
import { queueOptions, withQueue } from '../dead-letter-queue.ts'
import { exitCodes } from '../exit-codes.ts'
import { print, printJson } from '../session.ts'
import { table, timeText } from '../terminal.ts'

const states: readonly LetterState[] = ['dead', 'leased', 'replaying', 'replayed', 'resolved', 'discarded']
const where = '--redis redis://127.0.0.1:6379 --name mails'

/** `dlq list` */
export const dlqList: Command = {
  words: 'dlq list',
  summary: 'Lists dead letters',
  about: ['Newest first and without content, from the Redis or the PostgreSQL that has the queue.'],
  options: [
    ...queueOptions,
    { name: 'state', value: 'STATE', choices: states, help: 'Letters in which state.', standard: 'dead' },
    { name: 'type', value: 'TYPE', help: 'Of one type.' },
    { name: 'limit', value: 'N', kind: 'count', help: 'The most.', standard: '50' },
    { name: 'json', help: 'Prints JSON.' },
  ],
  examples: [[`seaworthy dlq list ${where}`, 'what died last']],
  run: (given, session) =>
    withQueue(given, session, undefined, async (queue) => {
      const [state, type, limit] = [given.text('state'), given.text('type'), given.count('limit')]
      const { items } = await queue.list({
        ...(state !== undefined && { state: state as LetterState }),
        ...(type !== undefined && { type }),
        ...(limit !== undefined && { limit }),
      })
      const counts = await queue.stats()
      if (given.flag('json')) printJson(session, { items, counts })
      else {
        if (items.length > 0)
          print(session, table([['ID', 'DIED', 'TYPE', 'ATTEMPTS', 'ERROR'], ...items.map(row)]))
        print(session, states.map((each) => `${counts[each]} ${each}`).join(', '))
      }
      return exitCodes.passed
    }),
}

function row({ id, diedAt, type, attempts, error }: LetterSummary): string[] {
  const text = `${error.name}: ${error.message}`.replaceAll(/\s+/g, ' ')
  return [id, timeText(diedAt), type, String(attempts), text.length > 80 ? `${text.slice(0, 77)}...` : text]
}

/** `dlq show` */
export const dlqShow: Command = {
  words: 'dlq show',
  operands: { show: 'ID', least: 1, most: 1 },
  summary: 'Shows a dead letter with its content',
  about: ['Looking at the content of a letter is audited, under your name.'],
  options: [
    ...queueOptions,
    { name: 'actor', value: 'NAME', help: 'Who looks, for the audit.', standard: 'your user name' },
    { name: 'reason', value: 'TEXT', help: 'Why, for the audit.' },
    { name: 'json', help: 'Prints JSON.' },
  ],
  examples: [[`seaworthy dlq show 1700000000000000000001-4mcq ${where}`, 'what was it, and why did it die?']],
  exitCodes: { 0: 'it is shown', 1: 'there is no such letter' },
  run: (given, session) =>
    withQueue(given, session, undefined, async (queue) => {
      const id = given.operands[0] as string
      const letter = await queue.view(id, operator(given, session))
      if (letter === undefined) {
        session.stderr.write(`there is no letter ${id}\n`)
        return exitCodes.failed
      }
      if (given.flag('json')) printJson(session, letter)
      else print(session, textOf(letter))
      return exitCodes.passed
    }),
}

function textOf({ error, history, message, config, ...header }: OpenLetter): string {
  const rows = Object.entries(header)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => [name, /At$|Until$|^due$/.test(name) ? timeText(Number(value)) : String(value)])
  const causes = error.causes.map((cause) => `  behind it: ${cause.name}: ${cause.message}`)
  const past = history.map(({ at, event, by = '', detail = '' }) => [`  ${timeText(at)}`, event, by, detail])
  return [
    table(rows),
    '',
    `${error.name}: ${error.message}`,
    ...causes,
    ...(past.length > 0 ? ['', 'before it died', table(past)] : []),
    '',
    'message',
    JSON.stringify(message, undefined, 2),
    ...(config === undefined ? [] : ['config', JSON.stringify(config, undefined, 2)]),
  ].join('\n')
}
