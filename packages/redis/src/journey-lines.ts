/** The lines of a journey: how an event is written, and how a story is read. */
import type { HubEvent, JourneyEntry } from '@seaworthy/core'

/**
 * One event, without its time, which the server puts in front.
 *
 * @param source - Who recorded it; free of white space.
 * @param sequence - Greater for every event of the source.
 * @throws TypeError when JSON cannot hold the payload.
 */
export function lineOf(source: string, sequence: number, { kind, name, type, payload }: HubEvent): string {
  return `${source} ${sequence} ${JSON.stringify([kind, name, type, payload])}`
}

/**
 * The story that lines tell, in the order of their arrival. Lines that were sent twice count once. Events of one source keep
 * their order, though their times may not: a batch that was long under way makes its events look late.
 */
export function storyOf(lines: readonly string[]): JourneyEntry[] {
  const latest = new Map<string, { readonly sequence: number; readonly at: number }>()
  const story: JourneyEntry[] = []
  for (const line of lines) {
    const [time, source, sequenceText, ...rest] = line.split(' ')
    if (time === undefined || source === undefined) continue
    const sequence = Number(sequenceText)
    const before = latest.get(source)
    if (before !== undefined && sequence <= before.sequence) continue
    const at = Math.max(Number(time) / 1000, before?.at ?? 0)
    latest.set(source, { sequence, at })
    const [kind, name, type, payload] = JSON.parse(rest.join(' ')) as [string, string, string, object]
    story.push({ at, source, kind, name, type, payload })
  }
  return story.sort((a, b) => a.at - b.at)
}
