/** Somebody on call who has nothing but the HTTP interface that the dashboard has. */
import type {
  LettersAnswer,
  RetryBatchAnswer,
  SeriesAnswer,
  SnapshotEvent,
  TransitionEvent,
} from '@seaworthy/ops'

export interface Operator {
  readonly transitions: readonly TransitionEvent[]
  readonly snapshots: readonly SnapshotEvent[]
  get<Answer>(path: string): Promise<Answer>
  post<Answer>(path: string, body: object): Promise<Answer>
  /** Stops watching. */
  leave(): Promise<void>
}

export type { LettersAnswer, RetryBatchAnswer, SeriesAnswer }

/** Begins to watch. @param url - Of the dashboard. */
export async function operator(url: string, token: string): Promise<Operator> {
  const authorization = `Bearer ${token}`
  const gone = new AbortController()
  const transitions: TransitionEvent[] = []
  const snapshots: SnapshotEvent[] = []
  const stream = await fetch(`${url}events`, { headers: { authorization }, signal: gone.signal })

  const take = (block: string): void => {
    const field = (name: string): string => new RegExp(`^${name}: ?(.*)$`, 'm').exec(block)?.[1] ?? ''
    if (field('event') === 'transition') transitions.push(JSON.parse(field('data')) as TransitionEvent)
    if (field('event') === 'snapshot') snapshots.push(JSON.parse(field('data')) as SnapshotEvent)
  }
  const watching = (async () => {
    let text = ''
    for await (const chunk of stream.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      const blocks = (text + chunk).split('\n\n')
      text = blocks.pop() ?? ''
      blocks.forEach(take)
    }
  })().catch((error: unknown) => {
    if (!gone.signal.aborted) throw error
  })

  async function ask<Answer>(path: string, init: RequestInit): Promise<Answer> {
    const headers = { authorization, 'content-type': 'application/json' }
    const answer = await fetch(url + path, { ...init, headers })
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`)
    return (await answer.json()) as Answer
  }
  return {
    transitions,
    snapshots,
    get: (path) => ask(path, {}),
    post: (path, body) => ask(path, { method: 'POST', body: JSON.stringify(body) }),
    async leave() {
      gone.abort()
      await watching
    },
  }
}
