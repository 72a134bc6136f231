/** The day: who is how for how long, what users ask meanwhile, and what came of it. */
import { StreamInterruptedError } from '@seaworthy/fallback'
import { type Chat, type Question, startChat } from './chat.ts'
import { type FakeProvider, type Mood, startFakeProvider } from './fake-provider.ts'

/** A part of the day. */
export interface Phase {
  readonly what: string
  readonly mood: Mood
  readonly seconds: number
  /** Whether users ask anything. */
  readonly traffic: boolean
}

export const day: readonly Phase[] = [
  { what: 'all is well', mood: 'well', seconds: 2, traffic: true },
  { what: 'the primary hangs', mood: 'hangs', seconds: 4, traffic: true },
  { what: 'the primary works again', mood: 'well', seconds: 7, traffic: true },
  { what: 'the primary answers 500', mood: 'fails', seconds: 3, traffic: true },
  { what: 'the primary works again', mood: 'well', seconds: 7, traffic: true },
  { what: 'the primary answers 429, Retry-After: 2', mood: 'limited', seconds: 4, traffic: true },
  { what: 'the primary works again', mood: 'well', seconds: 4, traffic: true },
  { what: 'the primary breaks off its streams', mood: 'cut', seconds: 2, traffic: true },
  { what: 'the primary works again', mood: 'well', seconds: 6, traffic: true },
  { what: 'the primary hangs', mood: 'hangs', seconds: 3, traffic: true },
  { what: 'nobody asks; the primary works again', mood: 'well', seconds: 6, traffic: false },
]

/** One question and its fate. Times are milliseconds since the day began. */
export interface Asked {
  readonly at: number
  readonly phase: number
  took: number
  /** The provider that answered. */
  model: string | undefined
  /** Its stream broke off after so many bytes. */
  interruptedAfter: number | undefined
  error: unknown
}

/** What one group of users saw. */
export interface Group {
  readonly name: string
  readonly rate: number
  readonly probed: boolean
  readonly chat: Chat
  readonly asked: Asked[]
  /** When the primary was found well while nobody asked; undefined if it was not. */
  wellAt: number | undefined
}

export interface Result {
  readonly phases: readonly Phase[]
  /** When each phase began. */
  readonly starts: readonly number[]
  readonly groups: readonly Group[]
  /** Sizes of what the failovers still held in the end. */
  readonly left: readonly Readonly<Record<string, number>>[]
}

/** A second of the day is over. */
export type Tell = (line: string) => void

/** Plays the phases in real time, over real HTTP. */
export async function play(phases: readonly Phase[], tell: Tell): Promise<Result> {
  const primary = await startFakeProvider('primary')
  const secondary = await startFakeProvider('secondary')
  const groups = [
    group('quiet', 2, false, [primary, secondary]),
    group('busy', 50, true, [primary, secondary]),
  ]
  const began = performance.now()
  const now = (): number => performance.now() - began
  const starts: number[] = []
  const open = new Set<Promise<void>>()
  let phase = 0

  const timers = groups.map((each) =>
    setInterval(() => {
      if (phases[phase]?.traffic !== true) return
      const asking = ask(each, phase, now).finally(() => open.delete(asking))
      open.add(asking)
    }, 1000 / each.rate),
  )
  for (const [index, { what, mood, seconds, traffic }] of phases.entries()) {
    phase = index
    primary.mood = mood
    starts.push(now())
    tell(`\n${clock(now())}  ${what}`)
    for (let second = 0; second < seconds; second++) {
      const tick = now()
      await watchUntil((starts[index] as number) + (second + 1) * 1000, groups, traffic, now)
      tell(`${clock(now())}  ${groups.map((each) => line(each, tick)).join('   |   ')}`)
    }
  }
  for (const timer of timers) clearInterval(timer)
  await Promise.all(open)
  for (const { chat } of groups) chat.models.dispose()
  await Promise.all([primary.close(), secondary.close()])
  // What was overtaken ends when its connection does.
  await new Promise((resolve) => setTimeout(resolve, 100))
  return { phases, starts, groups, left: groups.map(({ chat }) => chat.models.debugStats()) }
}

function group(name: string, rate: number, probed: boolean, providers: readonly FakeProvider[]): Group {
  return { name, rate, probed, chat: startChat(name, providers, probed), asked: [], wellAt: undefined }
}

async function ask({ chat, asked }: Group, phase: number, now: () => number): Promise<void> {
  const question: Question = { text: 'Where are the ships?', stream: asked.length % 2 === 1 }
  const entry: Asked = {
    at: now(),
    phase,
    took: 0,
    model: undefined,
    interruptedAfter: undefined,
    error: undefined,
  }
  asked.push(entry)
  try {
    entry.model = (await chat.ask(question)).model
  } catch (error) {
    if (error instanceof StreamInterruptedError) entry.interruptedAfter = error.bytes
    else entry.error = error
  }
  entry.took = now() - entry.at
}

/** Waits, and notes when a probed group knows that the primary is well though nobody asks. */
async function watchUntil(
  end: number,
  groups: readonly Group[],
  traffic: boolean,
  now: () => number,
): Promise<void> {
  while (now() < end) {
    await new Promise((resolve) => setTimeout(resolve, Math.min(50, end - now())))
    if (traffic) continue
    for (const each of groups) if (primaryState(each) === 'healthy') each.wellAt ??= now()
  }
}

function primaryState({ chat }: Group): string | undefined {
  return chat.models.snapshot().providers[0]?.state
}

function line(each: Group, since: number): string {
  const recent = each.asked.filter(({ at }) => at >= since)
  const by = (model: string): number => recent.filter((asked) => asked.model === model).length
  const failed = each.asked.filter(({ error }) => error !== undefined).length
  const counts = `primary ${by('primary')}, secondary ${by('secondary')}, lost so far ${failed}`
  return `${each.name}: ${counts}, primary is ${primaryState(each)}`
}

const clock = (milliseconds: number): string => `${(milliseconds / 1000).toFixed(0).padStart(3)} s`
