/** Wrong variants of the scripts of shared circuits: the contract has to notice each of them. */
import { setTimeout as sleep } from 'node:timers/promises'
import { redisConnection } from '@seaworthy/redis'
import { describe, expect, it } from 'vitest'
import { breakerStoreChecks } from '../../circuit-breaker/test/store-contract.ts'
import { type BreakerScripts, breakerScripts, RedisBreakerStore } from '../src/breaker-store.ts'
import { Script } from '../src/script.ts'
import { connect, freshPrefix } from './idempotency-servers.ts'

/** What is wrong, and how the text is changed. */
const mistakes: readonly (readonly [what: string, find: string, replacement: string])[] = [
  ['late requests count', '(members[instance] or 0) < sequence', 'true'],
  ['reports of older epochs count', 'report.openFor and report.epoch == circuit.epoch', 'report.openFor'],
  ['newer epochs are not taken', 'report.epoch > circuit.epoch', 'false'],
  ['a newer epoch keeps the old reports', 'circuit = breakers.unknown()\n', ''],
  [
    'well instances are not forgotten',
    'circuit.reports[instance] = after',
    'circuit.reports[instance] = after or before',
  ],
  ['reports go with their instance', 'not members[id] and till <= now', 'not members[id]'],
  ['reports stay for ever', 'not members[id] and till <= now', 'false'],
  ['instances live for ever', 'if tonumber(till) > now then members', 'if true then members'],
  [
    'own reports are told',
    'for id, till in pairs(circuit.reports) do\n    if id ~= instance',
    'for id, till in pairs(circuit.reports) do\n    if true',
  ],
  ['nobody is told', "redis.call('PUBLISH', hash, '')", ''],
  ['trials have no limit', 'not circuit.trials[id] and running >= limit', 'false'],
  ['a trial is not granted twice', 'not circuit.trials[id] and running >= limit', 'running >= limit'],
  [
    'leases never end',
    'if till <= now then\n      circuit.trials[id] = nil',
    'if false then\n      circuit.trials[id] = nil',
  ],
  ['trials are not given back', 'circuit.trials[id] = nil\ncircuit.heardAt', 'circuit.heardAt'],
  ['trials that are over count', 'if not circuit.trials[id] then return circuit.epoch end', ''],
  ['trials of other epochs count', 'tonumber(ARGV[3]) == circuit.epoch', 'true'],
  ['neutral trials count', "ARGV[4] ~= 'neutral'", 'true'],
  [
    'failures do not set successes back',
    'circuit.successes + 1 or 0',
    'circuit.successes + 1 or circuit.successes',
  ],
  ['a recovery keeps the reports', 'circuit.epoch + 1, 0, {}', 'circuit.epoch + 1, 0, circuit.reports'],
  ['a recovery begins no epoch', 'circuit.epoch + 1, 0, {}', 'circuit.epoch, 0, {}'],
  ['a recovery ends an isolation', "if circuit.kind ~= 'isolate' then", 'if true then'],
  ['a command begins no epoch', 'before.epoch + 1, before.trials', 'before.epoch, before.trials'],
  ['a command forgets the trials', 'before.epoch + 1, before.trials', 'before.epoch + 1, {}'],
  ['openings by command never end', "circuit.kind == 'trip' and circuit.till <= now", 'false'],
  ['instances do not leave', "redis.call('HDEL', KEYS[1], 'm' .. ARGV[1])", ''],
]

/** All scripts, with a change in the text of each that has the place. */
function changed(find: string, replacement: string): BreakerScripts {
  let changes = 0
  const change = ({ source }: Script): Script => {
    if (source.includes(find)) changes++
    return new Script(source.replaceAll(find, () => replacement))
  }
  const { exchange, startTrial, endTrial, command, leave } = breakerScripts
  const scripts = {
    exchange: change(exchange),
    startTrial: change(startTrial),
    endTrial: change(endTrial),
    command: change(command),
    leave: change(leave),
  }
  if (changes === 0) throw new Error(`No script has: ${find}`)
  return scripts
}

/** A check that fails, if one does. The last one is the longest, and asked only when the others are content. */
async function complaint(scripts: BreakerScripts): Promise<string | undefined> {
  const client = await connect()
  const connection = redisConnection(client)
  const run = async ([title, check]: (typeof breakerStoreChecks)[number]): Promise<string | undefined> => {
    const store = new RedisBreakerStore({ connection, prefix: freshPrefix(), hints: true }, scripts)
    const under = { store, advance: (milliseconds: number) => sleep(milliseconds + 2), close: async () => {} }
    try {
      await check(under)
      return undefined
    } catch {
      return title
    } finally {
      store.close()
    }
  }
  const titles = await Promise.all(breakerStoreChecks.slice(0, -1).map(run))
  for (const last of breakerStoreChecks.slice(-1)) titles.push(titles.find(Boolean) ?? (await run(last)))
  client.disconnect()
  return titles.find(Boolean)
}

describe('the contract of shared circuits', () => {
  it('has nothing to say about the right scripts', async () => {
    expect(await complaint(breakerScripts)).toBeUndefined()
  })

  it.each(mistakes)('notices when %s', async (_what, find, replacement) => {
    expect(await complaint(changed(find, replacement))).toEqual(expect.any(String))
  })
})
