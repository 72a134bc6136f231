/** A day without anybody who looks: what the dashboard would have shown and done, for `--check` and for tests. */
import { setTimeout as sleep } from 'node:timers/promises'
import { type LettersAnswer, operator, type RetryBatchAnswer, type SeriesAnswer } from './operator.ts'
import { type Running, run } from './run.ts'
import { recovery } from './script.ts'

/** What was seen. */
export interface Seen {
  /** The files that the page consists of: their status and policy. */
  readonly files: readonly { readonly path: string; readonly status: number; readonly policy: string }[]
  /** The status of an answer with data, asked for without a token. */
  readonly withoutToken: number
  /** The states that the circuit of the payments went through, and the levels of the service. */
  readonly states: readonly string[]
  readonly levels: readonly string[]
  readonly checks: readonly string[]
  /** Calls that were turned away at once in place of waiting for nothing. */
  readonly rejections: number
  /** Letters that were dead when everything was well again, those replayed then, and those left. */
  readonly letters: { readonly dead: number; readonly replayed: number; readonly left: number }
  /** What the stream told about what the operator did. */
  readonly actions: readonly string[]
  /** Timers, streams and the like that are left. */
  readonly leftovers: Readonly<Record<string, number>>
}

/** @param length - Of the day, in milliseconds. */
export async function check(length: number): Promise<Seen> {
  const running = await run(length)
  try {
    const seen = await watch(running, length)
    return { ...seen, leftovers: await running.close() }
  } catch (error) {
    await running.close()
    throw error
  }
}

async function watch({ url, token, time }: Running, length: number): Promise<Omit<Seen, 'leftovers'>> {
  const page = await fetch(url)
  const paths = [...(await page.text()).matchAll(/(?:src|href)="(ui\/[^"]+)"/g)].map(
    (match) => match[1] as string,
  )
  const files = await Promise.all(
    ['', ...paths].map(async (path) => {
      const { status, headers } = await fetch(url + path)
      return { path, status, policy: headers.get('content-security-policy') ?? '' }
    }),
  )
  const { status: withoutToken } = await fetch(`${url}session`)

  const onCall = await operator(url, token)
  while (time() < recovery + 0.2) await sleep(length / 100)
  // The cause is gone; now what was lost is done after all.
  const all: string[] = []
  for (let cursor = ''; ; ) {
    const { letters, next } = await onCall.get<LettersAnswer>(`dlq/orders?limit=100&cursor=${cursor}`)
    all.push(...letters.map(({ id }) => id))
    if (next === undefined) break
    cursor = next
  }
  let replayed = 0
  for (let from = 0; from < all.length; from += 100) {
    const ids = all.slice(from, from + 100)
    replayed += (await onCall.post<RetryBatchAnswer>('dlq/orders/retry-batch', { ids })).replayed
  }
  const { letters: left } = await onCall.get<LettersAnswer>('dlq/orders')
  await onCall.post('circuit-breakers/mail/reset', { reason: 'to be sure' })
  const { series } = await onCall.get<SeriesAnswer>('series')
  await sleep(300)
  await onCall.leave()

  const of = (kind: string, type: string) =>
    onCall.transitions.filter((event) => event.kind === kind && event.type === type)
  return {
    files,
    withoutToken,
    states: of('circuit-breaker', 'stateChange')
      .filter(({ name }) => name === 'payments')
      .map(({ facts }) => String(facts['to'])),
    levels: of('degradation', 'changed').map(({ facts }) => String(facts['to'])),
    checks: of('health', 'changed')
      .filter(({ facts }) => facts['check'] === 'payments')
      .map(({ facts }) => String(facts['to'])),
    rejections: series.flatMap(({ rejections }) => rejections).reduce((sum, each) => sum + each, 0),
    letters: { dead: all.length, replayed, left: left.length },
    actions: of('ops', 'adminAction').map(({ facts }) => String(facts['action'])),
  }
}
