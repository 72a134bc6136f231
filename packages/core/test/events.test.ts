import { Emitter, Hub, type HubEvent, InvalidOptionError, Silence } from '@seaworthy/core'
import { VirtualClock } from '@seaworthy/testing'
import { describe, expect, it } from 'vitest'

type Events = { opened: { n: number }; closed: { n: number } }

const component = (name: string) => ({ kind: 'toy', name, snapshot: () => ({}), actions: {} })

describe('Emitter', () => {
  it('delivers in the order of subscription and stops when told', () => {
    const emitter = new Emitter<Events>('toy', undefined, new Hub())
    const seen: string[] = []
    const stop = emitter.on('opened', ({ n }) => void seen.push(`a${n}`))
    emitter.on('opened', ({ n }) => void seen.push(`b${n}`))
    emitter.emit('opened', { n: 1 })
    stop()
    stop()
    emitter.emit('opened', { n: 2 })
    expect(seen).toEqual(['a1', 'b1', 'b2'])
  })

  it('knows whether anybody wants an event', () => {
    const hub = new Hub()
    const named = new Emitter<Events>('toy', 'a', hub)
    const anonymous = new Emitter<Events>('toy', undefined, hub)
    expect([named.wants('opened'), anonymous.wants('opened')]).toEqual([false, false])
    const stop = hub.on('opened', () => {})
    expect([named.wants('opened'), named.wants('closed'), anonymous.wants('opened')]).toEqual([
      true,
      false,
      false,
    ])
    stop()
    expect(named.wants('opened')).toBe(false)
    hub.recordJourneys({ record: () => {} })
    expect([named.wants('opened'), named.wants('opened', 'id-1')]).toEqual([false, true])
  })

  it('I14: a listener that throws or rejects reaches nobody but the hub', async () => {
    const hub = new Hub()
    const errors: unknown[] = []
    hub.onListenerError(({ error, kind, type }) => void errors.push([error, kind, type]))
    const emitter = new Emitter<Events>('toy', undefined, hub)
    const seen: number[] = []
    emitter.on('opened', () => {
      throw 'thrown'
    })
    emitter.on('opened', () => Promise.reject('rejected'))
    emitter.on('opened', ({ n }) => void seen.push(n))
    emitter.emit('opened', { n: 1 })
    await new VirtualClock().settle()
    expect(seen).toEqual([1])
    expect(errors).toEqual([
      ['thrown', 'toy', 'opened'],
      ['rejected', 'toy', 'opened'],
    ])
    expect(hub.listenerErrors).toBe(2)
  })

  it('I14: events raised during delivery come after it, in order, for all listeners', () => {
    const emitter = new Emitter<Events>('toy', undefined, new Hub())
    const seen: string[] = []
    emitter.on('opened', ({ n }) => {
      seen.push(`first opened ${n}`)
      if (n < 3) emitter.emit('opened', { n: n + 1 })
      if (n === 1) emitter.emit('closed', { n })
    })
    emitter.on('opened', ({ n }) => void seen.push(`second opened ${n}`))
    emitter.on('closed', ({ n }) => void seen.push(`closed ${n}`))
    emitter.emit('opened', { n: 1 })
    expect(seen).toEqual([
      'first opened 1',
      'second opened 1',
      'first opened 2',
      'second opened 2',
      'closed 1',
      'first opened 3',
      'second opened 3',
    ])
  })

  it('sends what was put in line together, then what listeners made of it', () => {
    const emitter = new Emitter<Events>('toy', undefined, new Hub())
    const seen: string[] = []
    emitter.on('opened', ({ n }) => {
      seen.push(`opened ${n}`)
      emitter.send()
      if (n === 1) emitter.emit('closed', { n: 9 })
    })
    emitter.on('closed', ({ n }) => void seen.push(`closed ${n}`))
    emitter.put('opened', { n: 1 })
    emitter.put('closed', { n: 2 })
    expect(seen).toEqual([])
    emitter.emit('opened', { n: 3 })
    expect(seen).toEqual(['opened 1', 'closed 2', 'opened 3', 'closed 9'])
    emitter.send()
    expect(seen).toHaveLength(4)
  })

  it('is silent while nobody listens, here or on the hub', () => {
    const hub = new Hub()
    const named = new Emitter<Events>('toy', 'a', hub)
    const anonymous = new Emitter<Events>('toy', undefined, hub)
    const silence = () => [named.silent, anonymous.silent]
    expect(silence()).toEqual([true, true])
    const stop = anonymous.on('opened', () => {})
    expect(silence()).toEqual([true, false])
    stop()
    const leave = hub.on('closed', () => {})
    expect(silence()).toEqual([false, true])
    leave()
    expect(silence()).toEqual([true, true])
    hub.recordJourneys({ record: () => {} })
    expect(silence()).toEqual([false, true])
  })

  it('keeps silence about some events while only others are heard', () => {
    const hub = new Hub()
    const emitter = new Emitter<Events>('toy', 'a', hub)
    const silence = new Silence<Events>(emitter, ['opened'])
    expect(silence.holds).toBe(true)
    const others = [emitter.on('closed', () => {}), hub.on('closed', () => {})]
    expect(silence.holds).toBe(true)
    for (const listen of [
      () => emitter.on('opened', () => {}),
      () => hub.on('opened', () => {}),
      () => hub.on('*', () => {}),
    ]) {
      const stop = listen()
      expect(silence.holds).toBe(false)
      stop()
      expect(silence.holds).toBe(true)
    }
    for (const stop of others) stop()
    hub.recordJourneys({ record: () => {} })
    expect(silence.holds).toBe(false)
    hub.recordJourneys(undefined)
    expect(silence.holds).toBe(true)
    emitter.on('opened', () => {})
    expect(silence.holds).toBe(false)
    emitter.clear()
    expect(silence.holds).toBe(true)
  })

  it('of a policy without a name hears nothing of the hub', () => {
    const hub = new Hub()
    const silence = new Silence<Events>(new Emitter<Events>('toy', undefined, hub), ['opened'])
    hub.on('opened', () => {})
    hub.recordJourneys({ record: () => {} })
    expect(silence.holds).toBe(true)
  })

  it('holds nothing after the last listener left', () => {
    const emitter = new Emitter<Events>('toy', undefined, new Hub())
    const stop = emitter.on('opened', () => {})
    expect(emitter.size).toBe(1)
    stop()
    expect(emitter.size).toBe(0)
    expect(emitter.wants('opened')).toBe(false)
  })
})

describe('Hub', () => {
  it('verify 57: refuses a second component of the same kind and name, and says what to do', () => {
    const hub = new Hub()
    const remove = hub.register(component('a'))
    expect(() => hub.register(component('a'))).toThrow(InvalidOptionError)
    expect(() => hub.register(component('a'))).toThrow(/dispose\(\) it first/)
    remove()
    hub.register(component('a'))
    expect(hub.components()).toHaveLength(1)
    remove() // the first one's: must not remove the second
    expect(hub.component('toy', 'a')?.name).toBe('a')
  })

  it('delivers one type or all, to those who come late, too', () => {
    const hub = new Hub()
    const emitter = new Emitter<Events>('toy', 'a', hub)
    emitter.emit('opened', { n: 0 })
    const seen: HubEvent[] = []
    const stopAll = hub.on('*', (event) => void seen.push(event))
    hub.on('closed', (event) => void seen.push(event))
    emitter.emit('opened', { n: 1 })
    emitter.emit('closed', { n: 2 })
    stopAll()
    emitter.emit('opened', { n: 3 })
    expect(seen.map(({ type, payload }) => [type, payload])).toEqual([
      ['opened', { n: 1 }],
      ['closed', { n: 2 }],
      ['closed', { n: 2 }],
    ])
    expect(seen[0]).toMatchObject({ kind: 'toy', name: 'a', journey: undefined })
  })

  it('files the events of calls with a journey, in order', () => {
    const hub = new Hub()
    const kept: string[] = []
    hub.recordJourneys({ record: (journey, { type }) => void kept.push(`${journey} ${type}`) })
    const emitter = new Emitter<Events>('toy', 'a', hub)
    emitter.emit('opened', { n: 1 }, 'order-7')
    emitter.emit('opened', { n: 2 })
    emitter.emit('closed', { n: 3 }, 'order-7')
    expect(kept).toEqual(['order-7 opened', 'order-7 closed'])
  })

  it('tells watchers who comes and goes; a broken one harms nobody', () => {
    const hub = new Hub()
    const seen: string[] = []
    hub.watch(() => {
      throw new Error('broken')
    })
    const stop = hub.watch(({ name }, present) => seen.push(`${name} ${present}`))
    const remove = hub.register(component('a'))
    remove()
    stop()
    hub.register(component('b'))
    expect(seen).toEqual(['a true', 'a false'])
    expect(hub.listenerErrors).toBe(3)
  })
})
