import { explore, seededRandom, sometimes } from '@seaworthy/testing'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { type Input, initial, next, type Rules, type State } from '../src/reconnecting/machine.ts'

const rules: Rules = { initial: 100, factor: 2, max: 1000, stableAfter: 500, attempts: 6, maxElapsed: 5000 }
const never = Number.POSITIVE_INFINITY

/**
 * A second definition, as a log: what happened, and the state read off it. It knows no epochs: it gives every attempt an object, and
 * compares identities.
 */
class Model {
  name: State['name'] = 'connecting'
  attempt: object = {}
  failures: Array<'before stable' | 'after stable'> = []
  outageSince = 0
  openedAt = 0
  wakeAt = 0

  opened(attempt: object, now: number): void {
    if (this.name !== 'connecting' || attempt !== this.attempt) return
    this.name = 'open'
    this.openedAt = now
  }

  failed(attempt: object, now: number, fatal: boolean, draw: number): void {
    if ((this.name !== 'connecting' && this.name !== 'open') || attempt !== this.attempt) return
    if (this.name === 'open' && this.openedAt + rules.stableAfter <= now) {
      this.failures = ['after stable']
      this.outageSince = now
    } else this.failures.push('before stable')
    this.attempt = {}
    let cap = rules.initial
    for (let i = 1; i < this.failures.length; i++) cap = Math.min(rules.max, cap * 2)
    this.wakeAt = now + draw * cap
    const givesUp =
      fatal || this.failures.length >= rules.attempts || this.wakeAt - this.outageSince > rules.maxElapsed
    this.name = givesUp ? 'closed' : 'waiting'
  }

  connect(from: State['name'][]): void {
    if (!from.includes(this.name)) return
    this.name = 'connecting'
    this.attempt = {}
  }

  stop(name: 'paused' | 'closed'): void {
    if (this.name === 'closed' || this.name === name) return
    this.name = name
    this.attempt = {}
  }
}

it('does what a second definition does, over random histories with late and stale inputs', () => {
  const seen = sometimes(['opened', 'stale', 'stable', 'gave up', 'fatal', 'paused', 'elapsed'])
  const step = fc.record({
    what: fc.constantFrom(
      ...(['opened', 'failed', 'failed', 'failed', 'fatal', 'due', 'due', 'due'] as const),
      ...(['reconnect', 'pause', 'resume', 'close'] as const),
    ),
    /** Which of the attempts so far says it: 0 is the present one. */
    age: fc.constantFrom(0, 0, 0, 0, 1, 2),
    pass: fc.constantFrom(0, 0, 1, 1, 50, 400, 700),
    draw: fc.double({ min: 0, max: 0.999, noNaN: true }),
    close: fc.integer({ min: 0, max: 20 }),
  })
  fc.assert(
    fc.property(fc.array(step, { minLength: 5, maxLength: 60, size: '+1' }), (steps) => {
      const model = new Model()
      let state: State = initial(0)
      let now = 0
      const attempts: Array<{ epoch: number; token: object }> = [{ epoch: 1, token: model.attempt }]
      for (const { what, age, pass, draw, close } of steps) {
        now += pass
        const { epoch, token } = attempts.at(-1 - age) ?? (attempts[0] as (typeof attempts)[number])
        const before: State = state
        if (what === 'opened') {
          model.opened(token, now)
          state = next(state, { type: 'opened', epoch, now }, rules)
          if (state.name === 'open') seen.mark('opened')
        } else if (what === 'failed' || what === 'fatal') {
          const fatal = what === 'fatal' && close === 0
          model.failed(token, now, fatal, draw)
          state = next(state, { type: 'failed', epoch, now, fatal, draw, retryAfter: undefined }, rules)
          if (before.name === 'open' && state.failures === 1 && before.failures > 0) seen.mark('stable')
        } else if (what === 'due') {
          if (epoch === state.epoch) model.connect(['waiting'])
          state = next(state, { type: 'due', epoch }, rules)
        } else if (what === 'reconnect') {
          model.connect(['waiting', 'open'])
          state = next(state, { type: 'reconnect' }, rules)
        } else if (what === 'pause') {
          model.stop('paused')
          state = next(state, { type: 'pause' }, rules)
          seen.mark('paused')
        } else if (what === 'resume') {
          if (model.name === 'paused') model.outageSince = now
          model.connect(['paused'])
          state = next(state, { type: 'resume', now }, rules)
        } else if (close === 0) {
          model.stop('closed')
          state = next(state, { type: 'close', why: 'close' }, rules)
        }
        if (age > 0 && state === before) seen.mark('stale')
        if (state.name === 'closed' && state.why === 'attempts') seen.mark('gave up')
        if (state.name === 'closed' && state.why === 'elapsed') seen.mark('elapsed')
        if (state.name === 'closed' && state.why === 'fatal') seen.mark('fatal')
        if (state.epoch !== attempts.at(-1)?.epoch)
          attempts.push({ epoch: state.epoch, token: model.attempt })
        expect(state.name).toBe(model.name)
        if (state.name !== 'closed') expect(state.failures).toBe(model.failures.length)
        if (state.name === 'waiting') expect(state.until).toBeCloseTo(model.wakeAt, 6)
      }
    }),
    { numRuns: 500 },
  )
  seen.verify()
})

it('cannot get stuck: from every state but closed, a connection stays within reach', () => {
  const inputs = (state: State): Input[] => [
    ...[state.epoch, state.epoch - 1].flatMap((epoch): Input[] => [
      { type: 'opened', epoch, now: 0 },
      { type: 'failed', epoch, now: 0, fatal: false, draw: 0.5, retryAfter: undefined },
      { type: 'failed', epoch, now: 0, fatal: true, draw: 0.5, retryAfter: undefined },
      { type: 'due', epoch },
    ]),
    { type: 'reconnect' },
    { type: 'pause' },
    { type: 'resume', now: 0 },
    { type: 'close', why: 'close' },
  ]
  const explored = explore<State, Input>({
    initial: initial(0),
    inputs,
    next: (state, input) => next(state, input, { ...rules, maxElapsed: never }),
    key: ({ name, failures }) => `${name} ${failures}`,
    invariants: {
      'a closed one stays closed': ({ from, to }) => from.name !== 'closed' || to === from,
      'epochs never go back': ({ from, to }) => to.epoch >= from.epoch,
      'whatever an earlier epoch says changes nothing': ({ from, input, to }) =>
        !('epoch' in input) || input.epoch === from.epoch || to === from,
      'a connection is only made by an attempt': ({ from, to }) =>
        to.name !== 'open' || from.name === 'open' || from.name === 'connecting',
    },
    goals: { open: { reached: ({ name }) => name === 'open', from: ({ name }) => name !== 'closed' } },
    sometimes: { 'it gives up': ({ to }) => to.name === 'closed' && to.why === 'attempts' },
  })
  expect(explored.states).toBeGreaterThan(15)
})

it('waits for a random time below a cap that doubles, and forgets failures only after a stable connection', () => {
  const random = seededRandom(7)
  const endless = { ...rules, attempts: never, maxElapsed: never }
  let state: State = initial(0)
  const caps = [100, 200, 400, 800, 1000, 1000]
  for (const cap of caps) {
    const draw = random()
    state = next(
      state,
      { type: 'failed', epoch: state.epoch, now: 0, fatal: false, draw, retryAfter: undefined },
      endless,
    )
    expect(state).toMatchObject({ name: 'waiting', until: draw * cap })
    state = next(state, { type: 'due', epoch: state.epoch }, endless)
  }
  const lostAfter = (life: number): State => {
    const open = next(state, { type: 'opened', epoch: state.epoch, now: 0 }, endless)
    return next(
      open,
      { type: 'failed', epoch: open.epoch, now: life, fatal: false, draw: 0.5, retryAfter: undefined },
      endless,
    )
  }
  expect(lostAfter(499)).toMatchObject({ failures: 7, until: 499 + 500 })
  expect(lostAfter(500)).toMatchObject({ failures: 1, until: 500 + 50 })
})

it('never waits less than the other side asks for', () => {
  fc.assert(
    fc.property(fc.nat(1_000_000), fc.double({ min: 0, max: 0.999, noNaN: true }), (retryAfter, draw) => {
      const endless = { ...rules, maxElapsed: never }
      const state = next(
        initial(0),
        { type: 'failed', epoch: 1, now: 0, fatal: false, draw, retryAfter },
        endless,
      )
      expect(state.name === 'waiting' && state.until).toBeGreaterThanOrEqual(retryAfter)
    }),
  )
})
