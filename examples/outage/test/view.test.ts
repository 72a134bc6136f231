import { describe, expect, it } from 'vitest'
import { claims } from '../src/claims.ts'
import type { Sample } from '../src/measure.ts'
import type { Live, LiveSide } from '../src/result.ts'
import { closing, opening } from '../src/summary.ts'
import { leastSize, render, renderPlain } from '../src/view.ts'
import { day, goodResult } from './good-result.ts'

const plain = (_style: string, text: string): string => text

function live(now: number): Live {
  const { bare, seaworthy } = goodResult()
  const soFar = ({ id, product, at, seenBefore, ...ended }: Sample): Sample => ({
    ...{ id, product, at, seenBefore },
    ...((ended.end ?? 0) <= now ? ended : {}),
  })
  const side = ({ name, samples, upstream }: typeof bare): LiveSide => ({
    name,
    samples: samples.filter(({ at }) => at <= now).map(soFar),
    pending: samples.filter(({ at, end = 0 }) => at <= now && end > now).length,
    upstream,
    breaker: undefined,
  })
  return {
    day,
    now,
    bare: side(bare),
    seaworthy: { ...side(seaworthy), breaker: seaworthy.breaker.filter(({ at }) => at <= now) },
  }
}

describe('the picture', () => {
  it('fits every terminal from the least one on, at every time of the day', () => {
    for (const columns of [leastSize.columns, 80, 120, 250]) {
      for (const now of [-400, 0, 50, 7000, 15_000, 29_999, 33_000]) {
        const lines = render(live(now), columns, plain)
        expect(lines.length).toBeLessThanOrEqual(leastSize.rows)
        for (const line of lines) expect([...line].length).toBeLessThanOrEqual(columns)
      }
    }
  })

  it('survives a terminal that became too small', () => {
    for (const columns of [1, 10, 30, 59]) expect(render(live(12_000), columns, plain)).toHaveLength(17)
  })

  it('shows one side that answers and one that does not', () => {
    const lines = render(live(12_000), 80, plain).join('\n')
    expect(lines).toMatch(/success .*now 0 %.*│ success 100 % +now 100 %/)
    expect(lines).toMatch(/breaker none .*│ breaker ─+█+/)
    expect(lines).toContain('never answers')
  })

  it('styles text without changing it', () => {
    const styled: string[] = []
    const remember = (style: string, text: string): string => {
      styled.push(style)
      return text
    }
    expect(render(live(12_000), 80, remember)).toEqual(render(live(12_000), 80, plain))
    expect(new Set(styled)).toEqual(new Set(['bold', 'dim', 'green', 'yellow', 'red']))
  })

  it('is one line without a terminal', () => {
    expect(renderPlain(live(12_000))).toMatch(/^ 12 s {2}hangs .*0 % answered.*100 % answered.*breaker open$/)
  })
})

describe('the words around it', () => {
  it('fit 80 columns', () => {
    const result = goodResult()
    const busy = { ...result, eventLoopDelay: 1234 }
    for (const line of [...opening(day, 123, plain), ...closing(busy, claims(busy), plain)]) {
      expect(line.length, line).toBeLessThanOrEqual(80)
    }
  })

  it('say how many claims hold', () => {
    const result = goodResult()
    expect(closing(result, claims(result), plain).at(-1)).toBe(' 10 of 10 claims hold')
    const lost = { ...result, leftovers: { ...result.leftovers, sockets: 3 } }
    const lines = closing(lost, claims(lost), plain)
    expect(lines.at(-1)).toBe(' 9 of 10 claims hold')
    expect(lines.filter((line) => line.startsWith(' ✗'))).toHaveLength(1)
  })
})
