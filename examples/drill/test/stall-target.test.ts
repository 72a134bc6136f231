import { chaosController } from '@seaworthy/chaos'
import { VirtualClock } from '@seaworthy/testing'
import { expect, it } from 'vitest'
import { stallTarget } from '../src/stall-target.ts'

function rig() {
  const clock = new VirtualClock()
  const sent: string[] = []
  const say = (what: string) => () => void sent.push(`${clock.now()} ${what}`)
  const target = stallTarget('API', { pause: say('pause'), resume: say('resume') }, clock)
  const chaos = chaosController({ targets: [target], armed: true, clock, minGap: 0 })
  return { clock, sent, chaos }
}

it('stops a process now and then, and always lets it go on', async () => {
  const { clock, sent, chaos } = rig()
  const injected = chaos.inject({
    fault: { kind: 'stall', block: 200, every: 1000 },
    on: 'API',
    for: '2100ms',
  })
  await clock.advance('10s')
  await injected
  expect(sent).toEqual([
    '0 pause',
    '200 resume',
    '1000 pause',
    '1200 resume',
    '2000 pause',
    '2100 resume', // The fault is over.
  ])
  chaos.dispose()
  expect(clock.pendingTimers).toBe(0)
})

it('lets it go on at once when everything has to end', async () => {
  const { clock, sent, chaos } = rig()
  const injected = chaos.inject({ scenario: 'resource_pressure', on: 'API', for: '10s' })
  await clock.settle()
  await injected
  chaos.kill()
  expect(sent).toEqual(['0 pause', '0 resume'])
  chaos.dispose()
  await clock.settle()
  expect(clock.pendingTimers).toBe(0)
})
