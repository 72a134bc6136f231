import { sometimes } from '@seaworthy/testing'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { LruMap } from '../src/lru.ts'

it('keeps the entries used last, as a list that is searched does', () => {
  const seen = sometimes(['found', 'missed', 'replaced', 'evicted', 'deleted', 'cleared'])
  const key = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f')
  const step = fc.oneof(
    { weight: 5, arbitrary: fc.record({ type: fc.constant('get' as const), key }) },
    { weight: 8, arbitrary: fc.record({ type: fc.constant('set' as const), key }) },
    { weight: 2, arbitrary: fc.record({ type: fc.constant('delete' as const), key }) },
    { weight: 1, arbitrary: fc.record({ type: fc.constant('clear' as const), key }) },
  )
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 4 }),
      fc.array(step, { minLength: 10, maxLength: 60 }),
      (max, steps) => {
        const map = new LruMap<number>(max)
        /** Used last is first. */
        let model: Array<[key: string, value: number]> = []
        for (const [index, { type, key: id }] of steps.entries()) {
          const known = model.find(([other]) => other === id)
          const others = model.filter((entry) => entry !== known)
          if (type === 'get') {
            expect(map.get(id)).toBe(known?.[1])
            seen.mark(known ? 'found' : 'missed')
            if (known) model = [known, ...others]
          } else if (type === 'set') {
            const full: typeof model = [[id, index], ...others]
            expect(map.set(id, index)).toBe(full.length > max)
            model = full.slice(0, max)
            seen.mark(known ? 'replaced' : full.length > max ? 'evicted' : 'missed')
          } else if (type === 'delete') {
            map.delete(id)
            model = others
            if (known) seen.mark('deleted')
          } else {
            map.clear()
            model = []
            seen.mark('cleared')
          }
          expect(map.size).toBe(model.length)
        }
      },
    ),
    { numRuns: 500 },
  )
  seen.verify()
})
