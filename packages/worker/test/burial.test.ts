/** How tasks end as dead: with their letter in one step, or one after the other, and what crashes in between do. */
import {
  type DeadLetterStore,
  type DeadLetters,
  deadLetters,
  memoryDeadLetters,
} from '@seaworthy/dead-letter'
import { reaper, replayTo, type TaskMessage } from '@seaworthy/worker'
import { describe, expect, it } from 'vitest'
import { scene, wire } from './toys.ts'

/** A scene with real dead letters: beside the stream, or elsewhere. */
function withLetters(where: 'beside' | 'apart', maxCount = 100) {
  const base = scene()
  const { clock, random, hub, stream } = base
  const memory = memoryDeadLetters({ clock, maxCount })
  // Elsewhere means: the stream finds no way to write them in its own step.
  const store = where === 'beside' ? memory : apart(memory)
  const letters = deadLetters<TaskMessage>({
    store,
    replay: replayTo(stream),
    recovery: { strategies: {} },
    clock,
    random,
    hub,
    name: 'letters',
  })
  const runs: string[] = []
  const fatal =
    (worker: string) =>
    (_: unknown, { task }: { readonly task: string }) => {
      runs.push(`${task} by ${worker}`)
      throw Object.assign(new Error('broken'), { failureClass: 'fatal' })
    }
  const where_ = async () => {
    const { waiting, pending, acknowledged, dead } = await stream.stats()
    return { waiting, pending, acknowledged, dead, letters: (await letters.stats()).dead }
  }
  return { ...base, memory, letters, runs, fatal, where: where_ }
}

function apart(store: DeadLetterStore, hooks: Partial<DeadLetterStore> = {}): DeadLetterStore {
  const hidden: object = { addNow: undefined, ...hooks }
  return new Proxy(store, {
    get(target, property) {
      const value: unknown =
        property in hidden ? Reflect.get(hidden, property) : Reflect.get(target, property)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

const one = async (letters: DeadLetters<TaskMessage>) => {
  const { items } = await letters.list()
  expect(items).toHaveLength(1)
  return items[0]?.id as string
}

describe('letters beside the stream', () => {
  it('a task that cannot be done ends in one step, and worker and queue tell of it', async () => {
    const { stream, letters, make, fatal, add, clock, said, where, close } = withLetters('beside')
    const line = wire(stream)
    const w = make({ stream: line.stream, deadLetters: letters, handler: fatal('w1') })
    await add('a')
    w.start()
    await clock.advance('1s')
    const id = await one(letters)
    expect(said('deadLettered')).toMatchObject([{ task: 'a', reason: 'fatal', letter: id }])
    expect(said('added')).toMatchObject([{ id, type: 'tasks', failureClass: 'fatal' }])
    expect(line.calls).toMatchObject({ buryLetter: 1 })
    expect(line.calls).not.toHaveProperty('bury')
    expect(await where()).toMatchObject({ pending: 0, dead: 1, letters: 1 })
    await close(w)
    await letters.close()
  })

  it('with no room, the task stays pending and is tried again, until there is some', async () => {
    const { letters, make, fatal, add, clock, said, where, close, runs } = withLetters('beside', 1)
    const blocking = await letters.add({ payload: '', headers: {} }, new Error('x'))
    const w = make({ deadLetters: letters, handler: fatal('w1') })
    await add('a')
    w.start()
    await clock.advance('10m')
    expect(await where()).toEqual({ waiting: 0, pending: 1, acknowledged: 0, dead: 0, letters: 1 })
    expect(said('refused').length).toBeGreaterThan(50)
    expect(said('storeError').at(-1)).toMatchObject({ operation: 'bury', failureClass: 'degraded' })
    expect(runs).toEqual(['a by w1'])
    await letters.discard(blocking, { actor: 'ada' })
    await clock.advance('10s')
    expect(said('storeRecovered')).toMatchObject([{ operation: 'bury' }])
    expect(await where()).toEqual({ waiting: 0, pending: 0, acknowledged: 0, dead: 1, letters: 1 })
    await close(w)
    await letters.close()
  })

  it.each(['before', 'after'] as const)(
    'a crash %s the step leaves a task and no letter, or a letter and no task',
    async (when) => {
      const { stream, letters, make, fatal, add, clock, runs, where, said, close } = withLetters('beside')
      const line = wire(stream)
      line.fate = (method) => {
        if (method === 'buryLetter') line.fate = () => 'hang'
        return when === 'before' && method === 'buryLetter' ? 'hang' : 'ok'
      }
      const dying = make({ stream: line.stream, deadLetters: letters, handler: fatal('w1') })
      await add('a')
      dying.start()
      await clock.advance('1s')
      const between = await where()
      expect(between).toMatchObject(
        when === 'before' ? { pending: 1, letters: 0 } : { pending: 0, letters: 1 },
      )
      const other = make({ deadLetters: letters, handler: fatal('w2') })
      other.start()
      await clock.advance('2m')
      expect(await where()).toEqual({ waiting: 0, pending: 0, acknowledged: 0, dead: 1, letters: 1 })
      expect(runs).toEqual(when === 'before' ? ['a by w1', 'a by w2'] : ['a by w1'])
      expect(said('deadLettered')).toHaveLength(when === 'before' ? 1 : 0)
      await close(other)
      await close(dying)
      await letters.close()
    },
  )

  it('a store that throws has stored nothing, and the task is there until it is back', async () => {
    const base = withLetters('beside')
    const { memory, make, fatal, add, clock, said, where, close } = base
    let failing = true
    const faulty = apart(memory, {
      addNow: (letter) => {
        if (failing) throw new Error('no disk')
        return memory.addNow?.(letter) as ReturnType<NonNullable<DeadLetterStore['addNow']>>
      },
    })
    const letters = deadLetters<TaskMessage>({ store: faulty, clock })
    const w = make({ deadLetters: letters, handler: fatal('w1') })
    await add('a')
    w.start()
    await clock.advance('1m')
    expect(await where()).toMatchObject({ pending: 1, dead: 0, letters: 0 })
    expect(said('storeError')[0]).toMatchObject({ operation: 'bury' })
    failing = false
    await clock.advance('10s')
    expect(await where()).toMatchObject({ pending: 0, dead: 1, letters: 1 })
    await close(w)
    await letters.close()
    await base.letters.close()
  })
})

describe('letters elsewhere', () => {
  /** At which point the first worker dies: what still gets through of its end. */
  const points = [
    { point: 'before the letter', letter: 'none', runs: 2 },
    { point: 'after the letter', letter: 'written', runs: 1 },
    { point: 'after the letter, which was replayed meanwhile', letter: 'replayed', runs: 1 },
    { point: 'after the letter, which was discarded meanwhile', letter: 'discarded', runs: 1 },
  ] as const

  it.each(points)(
    'a worker that dies $point: the task is not both done and dead',
    async ({ letter, runs: times }) => {
      const { stream, memory, letters, make, add, clock, runs, said, where, close, fatal } =
        withLetters('apart')
      const line = wire(stream)
      line.fate = (method) => {
        if (method === 'bury') line.cut()
        return method === 'bury' ? 'hang' : 'ok'
      }
      const silent = apart(memory, letter === 'none' ? { add: () => new Promise(() => {}) } : {})
      const dying = make({
        stream: line.stream,
        deadLetters: deadLetters<TaskMessage>({ store: silent, clock }),
        handler: fatal('w1'),
      })
      await add('a')
      dying.start()
      await clock.advance('1s')
      if (letter === 'none') line.cut()
      expect(await where()).toMatchObject({ pending: 1, dead: 0, letters: letter === 'none' ? 0 : 1 })
      if (letter === 'discarded') await letters.discard(await one(letters), { actor: 'ada' })
      const other = make({
        deadLetters: letters,
        handler: (_, { task }) => void runs.push(`${task} by w2`),
      })
      if (letter === 'replayed') await letters.retry(await one(letters), { actor: 'ada' })
      other.start()
      await clock.advance('2m')
      const done = runs.filter((run) => run === 'a by w2')
      expect(done).toHaveLength(times - 1)
      if (letter === 'none') expect(await where()).toMatchObject({ acknowledged: 1, dead: 0, letters: 0 })
      else {
        // Dead once. What was replayed is a task of its own, and that was done.
        const replayed = letter === 'replayed'
        expect(await where()).toMatchObject({
          pending: 0,
          acknowledged: replayed ? 1 : 0,
          dead: 1,
          letters: letter === 'written' ? 1 : 0,
        })
        expect(runs.filter((run) => run.endsWith('by w2'))).toHaveLength(replayed ? 1 : 0)
        const id = (await letters.list({ state: letter === 'written' ? 'dead' : letter })).items[0]?.id
        expect(said('deadLettered')).toMatchObject([{ task: 'a', reason: 'interrupted', letter: id }])
      }
      await close(other)
      await close(dying)
      await letters.close()
    },
  )

  it('without a lookup, a task whose worker died in between runs again: that is what the lookup is for', async () => {
    const { stream, letters, make, add, clock, runs, close, fatal, where } = withLetters('apart')
    const line = wire(stream)
    line.fate = (method) => (method === 'bury' ? 'hang' : 'ok')
    const sink = { add: letters.add.bind(letters) }
    const dying = make({ stream: line.stream, deadLetters: sink, handler: fatal('w1') })
    await add('a')
    dying.start()
    await clock.advance('1s')
    line.cut()
    const other = make({ deadLetters: sink, handler: (_, { task }) => void runs.push(`${task} by w2`) })
    other.start()
    await clock.advance('2m')
    expect(runs).toEqual(['a by w1', 'a by w2'])
    expect(await where()).toMatchObject({ acknowledged: 1, letters: 1 })
    await close(other)
    await close(dying)
    await letters.close()
  })

  it('first runs cost no lookup; with letters beside the stream, nor do others', async () => {
    for (const [where, expected] of [
      ['apart', 1],
      ['beside', 0],
    ] as const) {
      const { stream, letters, make, add, clock, close } = withLetters(where)
      let lookups = 0
      const counting: DeadLetters<TaskMessage> = Object.create(letters, {
        store: { value: letters.store },
        prepare: { value: letters.prepare.bind(letters) },
        lookup: {
          value: (key: string) => {
            lookups++
            return letters.lookup(key)
          },
        },
      })
      await stream.enqueue({ id: 'left behind', payload: '1' })
      await stream.fetch('silent', { count: 1, wait: 0 })
      await add('a', 'b', 'c')
      const w = make({ deadLetters: counting, handler: () => {} })
      w.start()
      await clock.advance('1m')
      expect((await stream.stats()).acknowledged).toBe(4)
      expect(lookups).toBe(expected)
      await close(w)
      await letters.close()
    }
  })

  it.each(['bury fails', 'the letter hangs'])(
    'a worker that is closed while %s does not give the task back as new',
    async (trouble) => {
      const { stream, memory, letters, make, add, clock, runs, said, close, fatal, where } =
        withLetters('apart')
      const line = wire(stream)
      line.fate = (method) => (method === 'bury' ? 'fail' : 'ok')
      let release = (): void => {}
      const late = new Promise<void>((resolve) => {
        release = resolve
      })
      const slow = apart(
        memory,
        trouble === 'the letter hangs' ? { add: (letter) => late.then(() => memory.add(letter)) } : {},
      )
      const closing = make({
        stream: line.stream,
        deadLetters: deadLetters<TaskMessage>({ store: slow, clock }),
        handler: fatal('w1'),
      })
      await add('a')
      closing.start()
      await clock.advance('1s')
      await close(closing)
      release()
      await clock.settle()
      expect(await where()).toMatchObject({ waiting: 0, pending: 1, letters: 1 })
      const other = make({ deadLetters: letters, handler: fatal('w2') })
      other.start()
      await clock.advance('2m')
      expect(runs).toEqual(['a by w1'])
      expect(await where()).toMatchObject({ pending: 0, acknowledged: 0, dead: 1, letters: 1 })
      expect(said('deadLettered')).toMatchObject([{ reason: 'interrupted' }])
      expect(closing.debugStats()).toMatchObject({ active: 0, settling: 0, unsent: 0, timers: 0 })
      await close(other)
      await letters.close()
    },
  )

  it('a worker that is closed says a last time that it is dead, once the letter is there', async () => {
    const { stream, letters, make, add, clock, fatal, where } = withLetters('apart')
    const line = wire(stream)
    let failing = true
    line.fate = (method) => (method === 'bury' && failing ? 'fail' : 'ok')
    const w = make({ stream: line.stream, deadLetters: letters, handler: fatal('w1'), drain: '100ms' })
    await add('a')
    w.start()
    await clock.advance('1m')
    const closed = w.close()
    await clock.advance(50)
    failing = false
    await clock.runUntilSettled(closed)
    expect(await where()).toEqual({ waiting: 0, pending: 0, acknowledged: 0, dead: 1, letters: 1 })
    await letters.close()
  })

  it.each(['worker', 'reaper'] as const)(
    'poison that has its letter gets no second one from a %s',
    async (who) => {
      const { stream, letters, make, hub, clock, random, said, close, where } = withLetters('apart')
      await stream.enqueue({ id: 'a', payload: '1' })
      const [delivery] = await stream.fetch('silent', { count: 1, wait: 0 })
      await stream.beat('silent', [delivery?.receipt as string], [delivery?.receipt as string])
      const options = { dedupeKey: `tasks/${delivery?.entry}` }
      const id = await letters.add({ payload: '1', headers: {} }, new Error('x'), options)
      await letters.discard(id, { actor: 'ada' })
      await clock.advance('1m')
      if (who === 'worker') {
        const w = make({ deadLetters: letters, maxStarts: 1, handler: () => {} })
        w.start()
        await clock.advance('10s')
        await close(w)
      } else {
        const r = reaper({ stream, deadLetters: letters, maxStarts: 1, clock, random, hub, name: 'r' })
        expect(await r.reap()).toMatchObject({ buried: 1 })
        await r.close()
      }
      expect(said('deadLettered')).toMatchObject([{ task: 'a', letter: id }])
      expect(await where()).toMatchObject({ pending: 0, dead: 1, letters: 0 })
      await letters.close()
    },
  )
})
