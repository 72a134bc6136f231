/** What `--check` promises. Pure, so that a test can show that each of them can fail. */
import type { Seen } from './check.ts'

export interface Claim {
  readonly says: string
  readonly holds: boolean
  readonly shows: string
}

export function claims(seen: Seen): Claim[] {
  const { files, withoutToken, states, levels, checks, rejections, letters, actions, leftovers } = seen
  const opened = states.indexOf('open')
  const worst = Math.max(levels.indexOf('severe'), levels.indexOf('critical'))
  const failed = checks.indexOf('fail')
  return [
    {
      says: 'the page and all its files are served, with a policy that lets nothing else in',
      holds:
        files.length >= 3 &&
        files.every(({ status, policy }) => status === 200 && policy.includes("default-src 'none'")),
      shows: `${files.length} files`,
    },
    {
      says: 'data is for those with a token',
      holds: withoutToken === 401,
      shows: `without one: ${withoutToken}`,
    },
    {
      says: 'the circuit of the payments opens while they fail, and closes again',
      holds: opened >= 0 && states.lastIndexOf('closed') > opened,
      shows: states.join(' → ') || 'it never changed',
    },
    {
      says: 'their health check fails, and passes again',
      holds: failed >= 0 && checks.lastIndexOf('pass') > failed,
      shows: checks.join(' → ') || 'it never changed',
    },
    {
      says: 'the service does less meanwhile, and everything afterwards',
      holds: worst >= 0 && levels.at(-1) === 'normal',
      shows: levels.join(' → ') || 'the level never changed',
    },
    {
      says: 'calls that could only fail are turned away at once',
      holds: rejections > 0,
      shows: `${rejections} of them`,
    },
    {
      says: 'what was lost meanwhile is done by one request afterwards',
      holds: letters.dead > 0 && letters.replayed > letters.dead * 0.8 && letters.left < letters.dead * 0.2,
      shows: `${letters.replayed} of ${letters.dead} dead letters replayed`,
    },
    {
      says: 'who watches sees at once what an operator does',
      holds: ['deadLetter.retryBatch', 'circuitBreaker.reset'].every((action) => actions.includes(action)),
      shows: [...new Set(actions)].join(', ') || 'nothing',
    },
    {
      says: 'nothing is left behind',
      holds: Object.values(leftovers).every((count) => count === 0),
      shows: Object.entries(leftovers)
        .map(([name, count]) => `${count} ${name}`)
        .join(', '),
    },
  ]
}
