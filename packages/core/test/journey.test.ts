import { Hub, InvalidOptionError, type MemoryJourneyOptions, memoryJourney } from '@seaworthy/core'
import { VirtualClock } from '@seaworthy/testing'
import { describe, expect, it } from 'vitest'

function setUp(options: MemoryJourneyOptions = {}) {
  const clock = new VirtualClock()
  const hub = new Hub()
  const journeys = memoryJourney({ clock, ...options })
  hub.recordJourneys(journeys)
  const publish = (journey: string | undefined, type: string): void =>
    hub.publish('retry', 'payments', type, { attempt: 1 }, journey)
  const types = async (id: string): Promise<string[]> => (await journeys.journey(id)).map(({ type }) => type)
  return { clock, hub, journeys, publish, types }
}

describe('journeys in memory', () => {
  it('tell the events of a piece of work in order, and those of no other', async () => {
    const { clock, journeys, publish, types } = setUp()
    publish('a', 'first')
    publish('b', 'other')
    publish(undefined, 'nobody')
    await clock.advance(5)
    publish('a', 'second')
    expect(await types('a')).toEqual(['first', 'second'])
    expect(await types('b')).toEqual(['other'])
    expect(await types('c')).toEqual([])
    expect(await journeys.journey('a')).toEqual([
      { at: 0, source: 'memory', kind: 'retry', name: 'payments', type: 'first', payload: { attempt: 1 } },
      { at: 5, source: 'memory', kind: 'retry', name: 'payments', type: 'second', payload: { attempt: 1 } },
    ])
  })

  it('keep the latest events of a journey', async () => {
    const { publish, types } = setUp({ keep: 3 })
    for (let i = 1; i <= 5; i++) publish('a', `event ${i}`)
    expect(await types('a')).toEqual(['event 3', 'event 4', 'event 5'])
  })

  it('forget the journey whose last event is longest ago when there are too many', async () => {
    const { journeys, publish, types } = setUp({ maxJourneys: 2 })
    publish('a', 'first')
    publish('b', 'first')
    publish('a', 'second')
    publish('c', 'first')
    expect(await types('a')).toEqual(['first', 'second'])
    expect(await types('b')).toEqual([])
    expect(journeys.size).toBe(2)
  })

  it('forget a journey when its last event is too long ago, without a timer', async () => {
    const { clock, journeys, publish, types } = setUp({ maxAge: '1m' })
    publish('old', 'first')
    publish('young', 'first')
    await clock.advance('40s')
    publish('young', 'second')
    await clock.advance('19.999s')
    expect(await types('old')).toEqual(['first'])
    await clock.advance(1)
    expect(await types('old')).toEqual([])
    expect(await types('young')).toEqual(['first', 'second'])
    expect(journeys.size).toBe(1)
    expect(clock.pendingTimers).toBe(0)
  })

  it('give a copy: what is done to it changes nothing', async () => {
    const { journeys, publish, types } = setUp()
    publish('a', 'first')
    const story = (await journeys.journey('a')) as unknown[]
    story.length = 0
    expect(await types('a')).toEqual(['first'])
    journeys.clear()
    expect(await types('a')).toEqual([])
  })

  it('refuse options that make no sense', () => {
    expect(() => memoryJourney({ keep: 0 })).toThrow(InvalidOptionError)
    expect(() => memoryJourney({ maxAge: 0 })).toThrow('maxAge')
    expect(() => memoryJourney({ maxJourneys: 0.5 })).toThrow('maxJourneys')
    expect(() => memoryJourney({ clock: {} as never })).toThrow('clock must be a Clock')
    expect(() => memoryJourney({ size: 1 } as never)).toThrow("'size'")
  })
})
