/** What drills answer, without what must not get out. */
import { redactText, secretName } from '../redact.ts'

const deepest = 16
const longest = 4000

/** Fields with names and digests of ours, which look like keys. */
const ours: ReadonlySet<string> = new Set([
  'id',
  'test_id',
  'service',
  'injection',
  'seed',
  'hash',
  'event_hash',
  'scenario',
  'phase',
])

/** Too short and too plain for any secret that could be told from a word: most of a long report is like that. */
const plain = /^[\w.-]{0,23}$/

/** A copy of plain data in which texts are made clean, and fields with telling names masked. */
export function drillView(value: unknown, name = '', depth = 0): unknown {
  if (typeof value === 'string')
    return ours.has(name) && /^[\w.:@-]{1,100}$/.test(value) ? value : clean(value)
  if (typeof value !== 'object' || value === null) return value
  if (depth >= deepest) return '[too deep]'
  if (Array.isArray(value)) return value.map((each) => drillView(each, name, depth + 1))
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [
      clean(key),
      typeof each === 'string' && secretName.test(key) ? '[redacted]' : drillView(each, key, depth + 1),
    ]),
  )
}

const clean = (text: string): string => (plain.test(text) ? text : redactText(text, longest))
