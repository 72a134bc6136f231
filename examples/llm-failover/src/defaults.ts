/** The same outages with the default times, on a virtual clock: two minutes each, in a moment. */
import { failover } from '@seaworthy/fallback'
import { seededRandom, VirtualClock } from '@seaworthy/testing'
import type { Claim } from './claims.ts'

type Outage = 'hangs' | 'answers 500' | 'answers 429, Retry-After: 5'

/** How one of them went. Times are milliseconds. */
export interface Played {
  readonly outage: Outage
  readonly rate: number
  readonly probed: boolean
  readonly traffic: boolean
  readonly asked: number
  readonly lost: number
  readonly median: number
  readonly longest: number
  /** Attempts that the dead primary got. */
  readonly wasted: number
  readonly early: number
  /** From the recovery until all questions are the primary's again; without traffic, until it counts as well. */
  readonly back: number
}

const began = 20_000
const mended = 80_000
const ends = 125_000

export async function playDefaults(): Promise<readonly Played[]> {
  const played: Played[] = []
  for (const outage of ['hangs', 'answers 500', 'answers 429, Retry-After: 5'] as const)
    for (const rate of [2, 50]) {
      for (const probed of [false, true]) played.push(await playOne(outage, rate, probed, true))
      if (outage !== 'answers 429, Retry-After: 5') played.push(await playOne(outage, rate, true, false))
    }
  return played
}

async function playOne(outage: Outage, rate: number, probed: boolean, traffic: boolean): Promise<Played> {
  const clock = new VirtualClock()
  const random = seededRandom(7)
  let wasted = 0
  let early = 0
  let allowedAt = 0

  const works = async (): Promise<void> => clock.sleep(150 + 250 * random() + (random() < 0.02 ? 900 : 0))
  const primary = async (isProbe: boolean): Promise<string> => {
    const now = clock.now()
    if (now < allowedAt) early++
    if (now < began || now >= mended) await works()
    else {
      if (!isProbe) wasted++
      if (outage === 'hangs') await new Promise(() => {})
      await clock.sleep(20)
      if (outage === 'answers 500') throw Object.assign(new Error('500'), { status: 500 })
      allowedAt = clock.now() + 5000
      throw Object.assign(new Error('429'), { status: 429, retryAfter: 5000 })
    }
    return 'primary'
  }
  const models = failover<undefined, string>(
    [
      { name: 'primary', call: () => primary(false) },
      { name: 'secondary', call: () => works().then(() => 'secondary') },
    ],
    { clock, random, ...(probed && { probe: () => primary(true) }) },
  )

  const asked: { at: number; took: number; by: string }[] = []
  let lost = 0
  let wellAt = Number.POSITIVE_INFINITY
  for (let at = 0; at < ends; at += 1000 / rate) {
    await clock.advance(at - clock.now())
    const isWell = models.snapshot().providers[0]?.state === 'healthy'
    if (at > mended && isWell) wellAt = Math.min(wellAt, at)
    if (!traffic && at > mended - 5000) continue
    models.call(undefined).then(
      (by) => asked.push({ at, took: clock.now() - at, by }),
      () => lost++,
    )
  }
  await clock.advance('40s')
  models.dispose()

  const during = asked.filter(({ at }) => at >= began && at < mended).map(({ took }) => took)
  during.sort((a, b) => a - b)
  const elsewhere = Math.max(mended, ...asked.filter(({ by }) => by === 'secondary').map(({ at }) => at))
  return {
    outage,
    rate,
    probed,
    traffic,
    asked: asked.length + lost,
    lost,
    median: during[during.length >> 1] ?? 0,
    longest: during.at(-1) ?? 0,
    wasted,
    early,
    back: (traffic ? elsewhere : wellAt) - mended,
  }
}

/** The same as lines of a table. */
export function table(played: readonly Played[]): readonly string[] {
  const head = [
    'the primary',
    'a second',
    'probes',
    'traffic',
    'lost',
    'median',
    'longest',
    'wasted',
    'back after',
  ]
  const rows = played.map((each) => [
    each.outage,
    String(each.rate),
    each.probed ? 'yes' : 'no',
    each.traffic ? 'yes' : 'none at the end',
    `${each.lost} of ${each.asked}`,
    `${each.median.toFixed(0)} ms`,
    `${each.longest.toFixed(0)} ms`,
    String(each.wasted),
    `${(each.back / 1000).toFixed(1)} s`,
  ])
  const widths = head.map((_, column) =>
    Math.max(...[head, ...rows].map((row) => (row[column] as string).length)),
  )
  return [head, ...rows].map((row) =>
    row.map((cell, column) => cell.padEnd(widths[column] as number)).join('  '),
  )
}

export function claimsOfDefaults(played: readonly Played[]): readonly Claim[] {
  const most = (of: (each: Played) => number): number => Math.max(...played.map(of))
  const sum = (of: (each: Played) => number): number => played.reduce((total, each) => total + of(each), 0)
  return [
    {
      text: 'with the defaults: no question is lost',
      holds: sum(({ lost }) => lost) === 0,
      detail: `${sum(({ lost }) => lost)} of ${sum(({ asked }) => asked)} lost`,
    },
    {
      text: 'with the defaults: every answer comes in under 5 s',
      holds: most(({ longest }) => longest) < 5000,
      detail: `the longest took ${(most(({ longest }) => longest) / 1000).toFixed(1)} s`,
    },
    {
      text: 'with the defaults: the primary is back within 30 s of its recovery, with and without traffic',
      holds: most(({ back }) => back) < 30_000,
      detail: `the longest took ${(most(({ back }) => back) / 1000).toFixed(1)} s`,
    },
    {
      text: 'with the defaults: after a 429 it is never asked before the time it named',
      holds: sum(({ early }) => early) === 0,
      detail: `${sum(({ early }) => early)} attempts too early`,
    },
  ]
}
