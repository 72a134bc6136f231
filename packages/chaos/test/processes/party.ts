/**
 * One party of a drill, as a process of its own: `controller` pauses a process and hooks itself to its own end; `holder` renews a
 * lease; `guarded` pauses a process under guard; `follower` pauses a process for as long as somebody renews the lease. Each says on a line that it is ready.
 */
import { systemClock } from '@seaworthy/core'
import { chaosController, processTarget } from '../../src/index.ts'
import { guardedPause, heartbeatFile, recoverOnExit } from '../../src/node.ts'

const [role, path = '', victim = '', ending] = process.argv.slice(2)
const lease = heartbeatFile(path, { ttl: '1s' })
const pid = Number(victim)
const targets = [processTarget('victim', role === 'guarded' ? guardedPause(pid) : { pid })]
const say = (what: string): void => void process.stdout.write(`${what}\n`)

if (role === 'holder') {
  for (;;) {
    await lease.renew()
    say('renewed')
    await systemClock.sleep(200)
  }
}

const chaos = chaosController({
  targets,
  armed: true,
  ...(role === 'follower' ? { lease, leaseRole: 'follower' as const } : {}),
})
chaos.on('recovering', ({ cause }) => say(`recovering ${cause}`))
if (role === 'controller') recoverOnExit(chaos)
await chaos.inject({ fault: { kind: 'pause' }, on: 'victim', for: '10m' })
say('paused')
process.stdin.once('data', () => {
  if (ending === 'throws') throw new Error('a bug')
  if (ending === 'rejects') void Promise.reject(new Error('a bug'))
  if (ending === 'exits') process.exit(7)
})
