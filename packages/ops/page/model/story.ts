/** What happened, in a sentence for the log and for who listens instead of looking. */
import type { TransitionEvent } from '../../src/wire.ts'
import { formatTime, formatWord } from './format.ts'

export type Tone = 'good' | 'warn' | 'bad' | 'plain'

export interface Story {
  readonly text: string
  readonly tone: Tone
  /** Whether it is worth interrupting somebody for. */
  readonly urgent: boolean
}

const circuitTones: Readonly<Record<string, Tone>> = {
  open: 'bad',
  isolated: 'warn',
  halfOpen: 'warn',
  closed: 'good',
}
const healthTones: Readonly<Record<string, Tone>> = {
  fail: 'bad',
  unknown: 'bad',
  warn: 'warn',
  pass: 'good',
}

export function storyOf({ kind, name, type, facts }: TransitionEvent): Story {
  const fact = (key: string): string => String(facts[key] ?? '')
  const change = (key = 'to'): string => formatWord(fact(key)).toLowerCase()
  const story = (text: string, tone: Tone, urgent = tone !== 'plain'): Story => ({ text, tone, urgent })

  if (kind === 'circuit-breaker' && type === 'stateChange') {
    const key = fact('key') ? ` ${fact('key')}` : ''
    const reason = fact('reason') ? ` (${formatWord(fact('reason')).toLowerCase()})` : ''
    return story(`Circuit ${name}${key} is ${change()}${reason}`, circuitTones[fact('to')] ?? 'plain')
  }
  if (kind === 'health' && type === 'changed') {
    const code = fact('code') ? ` (${fact('code')})` : ''
    return story(`Check ${fact('check')}: ${change()}${code}`, healthTones[fact('to')] ?? 'plain')
  }
  if (kind === 'health' && type === 'overallChanged')
    return story(`Health is ${change()}`, healthTones[fact('to')] ?? 'plain')
  if (kind === 'health' && type === 'draining') return story('Draining: no new requests', 'warn')
  if (kind === 'degradation' && type === 'changed')
    return story(
      `Level ${change('from')} → ${change()}${fact('trigger') ? ` (${fact('trigger')})` : ''}`,
      fact('to') === 'normal' ? 'good' : 'warn',
    )
  if (kind === 'degradation' && type === 'featureChanged') {
    const on = facts['on'] === true
    return story(`Feature ${fact('feature')} is ${on ? 'on' : 'off'}`, on ? 'good' : 'warn')
  }
  if (kind === 'dead-letters' && type === 'added')
    return story(
      `Dead letter in ${name}: ${formatWord(fact('failure') || fact('type')).toLowerCase()}`,
      'plain',
    )
  if (kind === 'ops' && type === 'adminAction') {
    const outcome = fact('outcome') === 'ok' || fact('outcome') === '' ? '' : ` (${fact('outcome')})`
    return story(
      `${fact('actor') || 'Somebody'}: ${fact('action')} ${fact('target')}${outcome}`,
      'plain',
      false,
    )
  }
  if (kind === 'upkeep' && type === 'ran') {
    const failed = fact('outcome') === 'failed'
    const again = Number(facts['failures']) > 1 ? ` ${fact('failures')} times in a row` : ''
    const outcome = failed ? `failed${again}` : change('outcome')
    return story(`Upkeep ${fact('job')}: ${outcome}`, failed ? 'warn' : 'plain')
  }
  return story(`${name}: ${formatWord(type).toLowerCase()}${listed(facts)}`, 'plain', false)
}

/** What is told as one: plain things that came again and again, with nothing but plain things in between. */
export interface Chapter {
  /** Stays the same while more of them come. */
  readonly key: string
  /** The newest of them. */
  readonly event: TransitionEvent
  readonly story: Story
  readonly count: number
}

/** @param events - Newest first. */
export function chapters(events: readonly TransitionEvent[]): Chapter[] {
  const found: Chapter[] = []
  /** Where each plain thing is told, since something else than plain things happened. */
  const told = new Map<string, number>()
  for (const event of events) {
    const story = storyOf(event)
    const key = String(event.seq)
    const count = 1 + (event.suppressed ?? 0)
    const at = story.tone === 'plain' ? told.get(story.text) : undefined
    const known = at === undefined ? undefined : found[at]
    if (at !== undefined && known !== undefined) {
      found[at] = { ...known, key, count: known.count + count }
      continue
    }
    if (story.tone === 'plain') told.set(story.text, found.length)
    else told.clear()
    found.push({ key, event, story, count })
  }
  return found
}

function listed(facts: TransitionEvent['facts']): string {
  const parts = Object.entries(facts)
    .filter(([key]) => key !== 'name')
    .slice(0, 5)
    .map(([key, value]) => {
      const time = typeof value === 'number' && /duration|delay|age|openFor/i.test(key)
      return `${formatWord(key).toLowerCase()} ${time ? formatTime(value) : String(value)}`
    })
  return parts.length === 0 ? '' : ` (${parts.join(', ')})`
}
