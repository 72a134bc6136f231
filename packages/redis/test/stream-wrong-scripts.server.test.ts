/** Scripts with a mistake in them: the conformance kit has to notice each. */
import { randomUUID } from 'node:crypto'
import { jsonPayload } from '@seaworthy/dead-letter'
import { type Check, runConformance, taskStreamConformance } from '@seaworthy/testing/conformance'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { RedisConnection } from '../src/connection.ts'
import { streamScripts } from '../src/stream-scripts.ts'
import { RedisTaskStream } from '../src/task-stream.ts'
import { settledServer, underTest } from './stream-server.ts'

interface Mistake {
  readonly mistake: string
  readonly right: string
  readonly wrong: string
  /** A part of the name of the test that has to notice it. */
  readonly noticedBy: string
}

const nobodyElse = 'is nobody else, and nobody of the past'

const mistakes: readonly Mistake[] = [
  {
    mistake: 'takes the word of any owner',
    right: 'local found = pending(first, last, limit, owner)',
    wrong: 'local found = pending(first, last, limit)',
    noticedBy: nobodyElse,
  },
  {
    mistake: 'does not look at the number of the hand-out',
    right: "for _, row in ipairs(found) do rows[row[1] .. '.' .. row[4]] = row end",
    wrong: "for _, row in ipairs(found) do for n = 1, 9 do rows[row[1] .. '.' .. n] = row end end",
    noticedBy: nobodyElse,
  },
  {
    mistake: 'acknowledges and leaves the entry in the stream',
    right: "callEach({ 'XDEL', stream }, ids)",
    wrong: '',
    noticedBy: 'acknowledges, several at once',
  },
  {
    mistake: 'ends an entry and leaves it pending',
    right: "callEach({ 'XACK', stream, group }, ids)",
    wrong: '',
    noticedBy: 'acknowledges, several at once',
  },
  {
    mistake: 'counts a start as often as it is told',
    right: 'if marked ~= row[4] then',
    wrong: 'if true then',
    noticedBy: 'counts a start once for each hand-out',
  },
  {
    mistake: 'makes a hand-back cost a start',
    right: 'if item.started then item.starts = item.starts - 1 end',
    wrong: '',
    noticedBy: 'hands back at no cost',
  },
  {
    mistake: 'makes a hand-back cost a delivery',
    right: 'item.deliveries = item.deliveries - 1',
    wrong: '',
    noticedBy: 'hands back at no cost',
  },
  {
    mistake: 'keeps the counts of crashes after a failure that was reported',
    right: 'item.deliveries, item.starts, item.failures = 0, 0, item.failures + 1',
    wrong: 'item.failures = item.failures + 1',
    noticedBy: 'a reported failure clears the count',
  },
  {
    mistake: 'beats without resetting the silence',
    right: "callEach({ 'XCLAIM', stream, group, owner, 0 }, ids, 'JUSTID')",
    wrong: '',
    noticedBy: 'verify 50',
  },
  {
    mistake: 'counts a beat as a hand-out',
    right: "callEach({ 'XCLAIM', stream, group, owner, 0 }, ids, 'JUSTID')",
    wrong: "callEach({ 'XCLAIM', stream, group, owner, 0 }, ids)",
    noticedBy: 'verify 50',
  },
  {
    mistake: 'takes over without looking at the silence',
    right: "pending('IDLE', minIdle, cursor",
    wrong: "pending('IDLE', 0, cursor",
    noticedBy: 'verify 50',
  },
  {
    mistake: 'takes over without counting the hand-out',
    right: "'RETRYCOUNT', item.handOut, 'JUSTID')",
    wrong: "'JUSTID')",
    noticedBy: 'hands poison over when deliveries reach',
  },
  {
    mistake: 'never takes anything for poison',
    right: 'elseif item.starts >= maxStarts or item.deliveries >= maxDeliveries then',
    wrong: 'elseif false then',
    noticedBy: 'verify 48',
  },
  {
    mistake: 'takes suspects without end',
    right: 'suspectsLeft = suspectsLeft - 1',
    wrong: '',
    noticedBy: 'takes no more suspects than asked',
  },
  {
    mistake: 'republishes with fresh counts',
    right: '  remove({ item.id })\n  place(item, 0)\n  returns',
    wrong: '  remove({ item.id })\n  item.deliveries = 0\n  place(item, 0)\n  returns',
    noticedBy: 'lets them wait for anybody in mode republish',
  },
  {
    mistake: 'takes more than there is room for',
    right: 'if count > room then',
    wrong: 'if room == 0 then',
    noticedBy: 'refuses what is too much',
  },
  {
    mistake: 'takes a part of what belongs together',
    right: "ARGV[3] == 'each' and room or 0",
    wrong: 'room',
    noticedBy: 'refuses what is too much',
  },
  {
    mistake: 'refuses all that come together when they are too many',
    right: "ARGV[3] == 'each' and room or 0",
    wrong: '0',
    noticedBy: 'each by itself',
  },
  {
    mistake: 'says that it took all of them',
    right: "audit('enqueued', '', '', steps)\nreturn count",
    wrong: "audit('enqueued', '', '', steps)\nreturn (#ARGV - 3) / 5",
    noticedBy: 'each by itself',
  },
  {
    mistake: 'gives all that come together one number',
    right: 'number = number + 1',
    wrong: '',
    noticedBy: 'each by itself',
  },
  {
    mistake: 'does not count what is due against the capacity',
    right: "- redis.call('ZCARD', due)",
    wrong: '',
    noticedBy: 'refuses what is too much',
  },
  {
    mistake: 'promotes and leaves the entry due',
    right: "callEach({ 'ZREM', due }, names)",
    wrong: '',
    noticedBy: 'promotes soonest due first',
  },
  {
    mistake: 'promotes what is not due',
    right: "'ZRANGEBYSCORE', due, '-inf', now",
    wrong: "'ZRANGEBYSCORE', due, '-inf', '+inf'",
    noticedBy: 'lets a task wait that is not due',
  },
  {
    mistake: 'resends what the owner knows',
    right: "not known[row[1] .. '.' .. row[4]] and load(row)",
    wrong: 'load(row)',
    noticedBy: 'hands out again what was handed out and is not known',
  },
  {
    mistake: 'lets an owner leave with what it holds',
    right: "if #pending('-', '+', 1, name) == 0 then",
    wrong: 'if true then',
    noticedBy: 'leave when they hold nothing',
  },
  {
    mistake: 'forgets owners that are alive',
    right: "'-inf', now - ARGV[3]",
    wrong: "'-inf', now",
    noticedBy: 'are forgotten when they hold nothing',
  },
  {
    mistake: 'loses the previous owner',
    right: 'return delivery(item, row[2])',
    wrong: 'return delivery(item)',
    noticedBy: 'claims with one delivery more, and says from whom',
  },
]

let redis: Redis
beforeAll(async () => {
  redis = new Redis(await settledServer())
})
afterAll(() => redis.disconnect())

function streamWith(rewrite: (lua: string) => string): RedisTaskStream {
  const connection = new RedisConnection(redis, { commandTimeout: '20s' })
  const settings = { capacity: 20, auditLimit: 1000, block: 5000, codec: jsonPayload, random: Math.random }
  const place = { connection, name: randomUUID(), prefix: 'test:' }
  return new RedisTaskStream({ ...place, ...settings }, streamScripts(rewrite))
}

it.each(mistakes)('a script that $mistake is noticed', async ({ right, wrong, noticedBy }) => {
  let places = 0
  const rewrite = (lua: string): string => {
    places += lua.split(right).length - 1
    return lua.replaceAll(right, wrong)
  }
  const kit = taskStreamConformance({
    name: 'scripts',
    clock: 'real',
    create: async () => underTest(streamWith(rewrite)),
  })
  const only = ({ name }: Check): boolean => name.includes(noticedBy)
  expect(kit.checks.filter(only), noticedBy).toHaveLength(1)
  const { failures } = await runConformance(kit, { only })
  expect(failures).toHaveLength(1)
  expect(places).toBeGreaterThan(0)
})
