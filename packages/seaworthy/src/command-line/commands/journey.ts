/** `seaworthy journey`: the story of a piece of work. */
import type { JourneyEntry } from '@seaworthy/core'
import type { Command } from '../command.ts'
import { exitCodes } from '../exit-codes.ts'
import { loaded } from '../optional-packages.ts'
import { print, printJson } from '../session.ts'
import { openRedis } from '../store-connection.ts'
import { table, timeText } from '../terminal.ts'

/** `journey` */
export const journey: Command = {
  words: 'journey',
  operands: { show: 'ID', least: 1, most: 1 },
  summary: 'Tells what happened to a piece of work, across processes',
  about: [
    'Reads a journey that redisJourney() of @seaworthy/redis has recorded: retries, openings of circuits, dead letters, whatever ' +
      'carried its id. Oldest first, with the time since the first event.',
  ],
  options: [
    { name: 'redis', value: 'URL', help: 'The Redis that has it.', standard: 'redis://127.0.0.1:6379' },
    { name: 'prefix', value: 'TEXT', help: 'What the keys of journeys begin with.', standard: 'journey:' },
    { name: 'json', help: 'Prints JSON.' },
  ],
  examples: [
    ['seaworthy journey order-1742 --redis redis://127.0.0.1:6379', 'everything that is known about it'],
  ],
  exitCodes: { 0: 'it is told', 1: 'nothing is known about it, or no longer' },
  async run(given, session) {
    const { connection, close } = await openRedis(given.text('redis') ?? 'redis://127.0.0.1:6379')
    try {
      const { redisJourney } = await loaded(['@seaworthy/redis'], () => import('@seaworthy/redis'))
      const prefix = given.text('prefix')
      const store = redisJourney({ redis: connection, ...(prefix !== undefined && { prefix }) })
      const id = given.operands[0] as string
      const story = await store.journey(id)
      if (given.flag('json')) printJson(session, story)
      else print(session, story.length === 0 ? `nothing is known about ${id}` : textOf(story))
      return story.length === 0 ? exitCodes.failed : exitCodes.passed
    } finally {
      await close()
    }
  },
}

function textOf(story: readonly JourneyEntry[]): string {
  const [first] = story
  const start = first?.at ?? 0
  const rows = story.map(({ at, kind, name, type, payload }) => [
    since(at - start),
    `${kind} ${name}`,
    type,
    Object.entries(payload)
      .map(([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
      .join(' '),
  ])
  return `began ${timeText(start)}\n${table(rows)}`
}

/** Always in one unit, so that the eye can compare. */
const since = (milliseconds: number): string => `+${(milliseconds / 1000).toFixed(3)} s`.padStart(11)
