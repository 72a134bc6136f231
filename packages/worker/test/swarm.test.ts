/** Many workers, one stream, and everything going wrong at once; then it is quiet, and everything must be done. */
import { memoryIdempotencyStore } from '@seaworthy/idempotency'
import { seededRandom, sometimes } from '@seaworthy/testing'
import { reaper, type Worker } from '@seaworthy/worker'
import { describe, expect, it } from 'vitest'
import { scene, type Wire, wire } from './toys.ts'

const seen = sometimes(['taken over', 'fenced', 'late', 'retried', 'dead', 'handed back', 'ran twice'])

describe.each([false, true])('verify 47, 52: with idempotency %s', (idempotent) => {
  it.each(Array.from({ length: 5 }, (_, seed) => seed + 1))('nothing is lost (seed %i)', async (seed) => {
    const { clock, stream, deadLetters, make, said } = scene(seed)
    const draw = seededRandom(seed * 1000)
    const store = memoryIdempotencyStore({ clock })
    const effects = new Map<string, number[]>()
    const runs = new Map<string, number>()
    const doomed = new Set<string>()
    const workers: { worker: Worker; line: Wire; dead: boolean }[] = []
    const spawn = (): void => {
      const line = wire(stream)
      const worker = make<string>({
        stream: line.stream,
        concurrency: 4,
        drain: '3s',
        ...(idempotent ? { idempotency: { store } } : {}),
        handler: async (task, { signal, fence = 0 }) => {
          runs.set(task, (runs.get(task) ?? 0) + 1)
          // With idempotency handlers obey their signal, which is their part of the bargain.
          const obeys = idempotent || draw() < 0.5
          await clock.sleep(10 + draw() ** 3 * 40_000, obeys ? signal : undefined)
          if (doomed.has(task) || draw() < 0.2) throw new Error('no luck')
          effects.set(task, [...(effects.get(task) ?? []), fence])
        },
      })
      workers.push({ worker, line, dead: false })
      worker.start()
    }
    for (let count = 0; count < 3; count++) spawn()
    const watch = reaper({ stream, deadLetters, clock, random: draw })
    watch.start()
    const ids = Array.from({ length: 60 }, (_, index) => `task-${index}`)
    for (const id of ids) if (draw() < 0.05) doomed.add(id)
    for (let turn = 0; turn < 60; turn++) {
      const id = ids[turn] as string
      await stream.enqueue({ id, payload: JSON.stringify(id), delay: draw() < 0.2 ? draw() * 5000 : 0 })
      const alive = workers.filter(({ dead }) => !dead)
      const victim = alive[Math.floor(draw() * alive.length)]
      const event = draw()
      if (victim === undefined) spawn()
      else if (event < 0.1) {
        // Dies.
        victim.dead = true
        victim.line.cut()
        spawn()
      } else if (event < 0.2) {
        // Is cut off for a while, one way or the other.
        const fate = draw() < 0.5 ? 'fail' : 'loseAnswer'
        victim.line.fate = () => (draw() < 0.8 ? fate : 'ok')
        clock.setTimer(() => {
          if (!victim.dead) victim.line.fate = () => 'ok'
        }, draw() * 60_000)
      } else if (event < 0.25) {
        victim.dead = true
        void victim.worker.close()
        spawn()
      } else if (event < 0.3) deadLetters.state.failing = !deadLetters.state.failing
      const { waiting, pending, due, acknowledged, dead, enqueued } = await stream.stats()
      expect(waiting + pending + due + acknowledged + dead).toBe(enqueued)
      await clock.advance(draw() * 8000)
    }
    // Quiet.
    deadLetters.state.failing = false
    for (const { line, dead } of workers) if (!dead) line.fate = () => 'ok'
    spawn()
    await clock.advance('15m')
    const { acknowledged, dead, enqueued } = await stream.stats()
    expect({ enqueued, over: acknowledged + dead }).toEqual({ enqueued: 60, over: 60 })
    expect(deadLetters.letters).toHaveLength(dead)
    for (const id of ids) {
      const audit = (await stream.audit(id)).map(({ event }) => event)
      expect(audit.filter((event) => event === 'acknowledged' || event === 'dead')).toHaveLength(1)
      expect(runs.get(id)).toBeGreaterThan(0)
    }
    // Whoever is dead has a letter, and who has a letter is dead or finished before the letter could be used.
    const buried = deadLetters.letters.map(({ options }) => options?.taskId)
    for (const id of doomed) expect(buried).toContain(id)
    // As long as the store of the keys is up, every effect comes once. Without keys it comes at least once.
    for (const id of ids) {
      if (buried.includes(id)) continue
      if (idempotent) expect(effects.get(id)).toEqual([expect.any(Number)])
      else expect(effects.get(id)?.length).toBeGreaterThan(0)
    }
    if (said('claimed').length > 0) seen.mark('taken over')
    if (said('lost').some(({ reason }) => reason === 'fenced')) seen.mark('fenced')
    if (said('late').length > 0) seen.mark('late')
    if (said('retried').length > 0) seen.mark('retried')
    if (dead > 0) seen.mark('dead')
    if (said('handedBack').length > 0) seen.mark('handed back')
    if ([...runs.values()].some((count) => count > 1)) seen.mark('ran twice')
  })
})

it('the swarm has seen what it is for', () => seen.verify())
