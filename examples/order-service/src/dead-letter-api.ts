/**
 * Dead letters over HTTP, for operators: look, put back to work, throw away. Every request needs a token, and everything that is done is
 * audited under the name that belongs to it.
 */
import type { Duration } from '@seaworthy/core'
import type { DeadLetters, LetterFilter, LetterState, ListOptions, UpkeepJob } from '@seaworthy/dead-letter'
import type { TaskMessage } from '@seaworthy/worker'
import { type Answer, HttpError, objectOf, type Request, type Route } from './http.ts'
import type { Authenticate } from './operators.ts'

const states: readonly string[] = ['dead', 'leased', 'replaying', 'replayed', 'resolved', 'discarded']

export function deadLetterRoutes(letters: DeadLetters<TaskMessage>, authenticate: Authenticate): Route[] {
  /** A route that only operators get to. */
  const route = (
    method: Route['method'],
    path: string,
    answer: (request: Request, actor: string) => Promise<object>,
  ): Route => ({
    method,
    path,
    answer: async (request): Promise<Answer> => ({
      status: 200,
      body: await answer(request, authenticate(request.headers)),
    }),
  })

  return [
    route('GET', '/dead-letters', async ({ query }) => letters.list(listOptions(query))),

    route('GET', '/dead-letters/stats', async () => ({
      counts: await letters.stats(),
      groups: await letters.groups(),
      upkeep: letters.upkeep.status(),
    })),

    route('GET', '/dead-letters/audit', async ({ query }) =>
      letters.audit({ ...text(query, 'id'), ...text(query, 'cursor'), ...wholeNumber(query, 'limit') }),
    ),

    // With its content, which is noted in the audit. Settled letters have none any more.
    route('GET', '/dead-letters/:id', async ({ params: { id = '' } }, actor) => {
      const letter = await letters.get(id)
      if (letter === undefined)
        throw new HttpError(404, 'ERR_DEAD_LETTER_NOT_FOUND', `No dead letter '${id}'`)
      if (letter.settledAt !== undefined) return letter
      return (await letters.view(id, { actor })) ?? letter
    }),

    route('POST', '/dead-letters/:id/retry', async ({ params: { id = '' }, body }, actor) =>
      letters.retry(id, { actor, ...fieldsOf<Reason>(body, { reason: 'string' }) }),
    ),

    route('POST', '/dead-letters/:id/discard', async ({ params: { id = '' }, body }, actor) =>
      letters.discard(id, { actor, ...fieldsOf<Reason>(body, { reason: 'string' }) }),
    ),

    // Tells how far it is after each letter, and stops when nobody listens any more.
    route('POST', '/dead-letters/retry', async ({ body, signal }, actor) => {
      const { type, errorClass, ...options } = fieldsOf<
        LetterFilter & { limit?: number; rate?: number; dryRun?: boolean; reason?: string }
      >(body, {
        type: 'string',
        errorClass: 'string',
        limit: 'number',
        rate: 'number',
        dryRun: 'boolean',
        reason: 'string',
      })
      return whileHeard(letters.retryBatch({ type, errorClass }, { ...options, actor }), signal)
    }),

    route('POST', '/dead-letters/purge', async ({ body }, actor) => {
      const options = fieldsOf<{ olderThan?: Duration; keep?: number; reason?: string }>(body, {
        olderThan: 'string',
        keep: 'number',
        reason: 'string',
      })
      return letters.purge({ ...options, actor })
    }),

    route('POST', '/dead-letters/upkeep', async ({ body }) => {
      const { job } = fieldsOf<{ job?: UpkeepJob }>(body, { job: 'string' })
      return letters.upkeep.runNow(job)
    }),
  ]
}

function listOptions(query: URLSearchParams): ListOptions {
  return {
    ...text(query, 'type'),
    ...text(query, 'errorClass'),
    ...text(query, 'cursor'),
    ...wholeNumber(query, 'limit'),
    state: choice(query, 'state', states, 'dead') as LetterState,
    order: choice(query, 'order', ['newest', 'oldest'], 'newest') as 'newest' | 'oldest',
  }
}

function text<Name extends string>(query: URLSearchParams, name: Name): { [Key in Name]?: string } {
  const value = query.get(name)
  return (value === null ? {} : { [name]: value }) as { [Key in Name]?: string }
}

function wholeNumber<Name extends string>(query: URLSearchParams, name: Name): { [Key in Name]?: number } {
  const value = query.get(name)
  return (value === null ? {} : { [name]: Number(value) }) as { [Key in Name]?: number }
}

function choice(query: URLSearchParams, name: string, allowed: readonly string[], usual: string): string {
  const value = query.get(name) ?? usual
  if (allowed.includes(value)) return value
  throw new HttpError(400, 'invalid_query', `${name} must be one of ${allowed.join(', ')}; got ${value}`)
}

/** Why something is done, for the audit. */
interface Reason {
  readonly reason?: string
}

/** The fields of a body, all optional, and none but these. */
function fieldsOf<Fields extends object>(
  body: string,
  types: { readonly [Name in keyof Required<Fields>]: 'string' | 'number' | 'boolean' },
): Fields {
  const fields = objectOf(body)
  for (const [name, value] of Object.entries(fields)) {
    if (!Object.hasOwn(types, name)) {
      const names = Object.keys(types).join(', ')
      throw new HttpError(400, 'invalid_body', `${name} is not known here; known are ${names}`)
    }
    const type: string = types[name as keyof Fields]
    if (typeof value !== type) throw new HttpError(400, 'invalid_body', `${name} must be a ${type}`)
  }
  return fields as Fields
}

async function* whileHeard<T>(items: AsyncIterable<T>, signal: AbortSignal): AsyncGenerator<T> {
  for await (const item of items) {
    yield item
    if (signal.aborted) return
  }
}
