/** Looking at dead letters, and dealing with them. */
import type { Clock } from '@seaworthy/core'
import { may } from '../auth/authenticate.ts'
import type { Desk } from '../desk.ts'
import { faultOf, json } from '../http/answers.ts'
import { badInput, Fault, notFound, unsupported } from '../http/fault.ts'
import type { OpsRequest } from '../http/request.ts'
import type { Route } from '../http/router.ts'
import { tooLate, within } from '../http/within.ts'
import type { DeadLettersLike, OperatorLike, RetryProgressLike } from '../parts.ts'
import { contentView, letterAnswer, letterView } from '../views/letter-view.ts'
import type {
  LetterAnswer,
  LetterDiscardAnswer,
  LetterRetryAnswer,
  LetterStateWord,
  LettersAnswer,
  PurgeAnswer,
  RetryBatchAnswer,
} from '../wire.ts'

const states: readonly LetterStateWord[] = [
  'dead',
  'leased',
  'replaying',
  'replayed',
  'resolved',
  'discarded',
]
const patienceForStores = 2000
/** A batch goes on for so long at most: whoever asked waits for the answer. */
const longestBatch = 20_000
/** For one replay that hangs in it. */
const longestAnswer = 30_000
const mostIds = 100
const mostLetters = 1000
/** Letters replayed in a second, so that what has just recovered is not overrun. */
const rate = 50

/** The routes of dead letters. */
export function deadLetterRoutes(desk: Desk): Route[] {
  const base = `${desk.settings.adminPath}/dlq`
  const { clock } = desk.settings
  const route = (
    { method, path, access, action, unlimited }: Omit<Route, 'handle'>,
    act: (queue: DeadLettersLike, request: OpsRequest) => Promise<object>,
  ): Route => ({
    method,
    path: `${base}/{queue}${path}`,
    access,
    ...(action !== undefined && { action }),
    ...(unlimited && { unlimited }),
    handle: async (request) => {
      const answer = await ofStore(() => act(queueOf(desk, request), request))
      // Who watches sees what became of it.
      if (action !== undefined) void desk.board.refresh(patienceForStores, 0)
      return json(answer)
    },
  })
  return [
    {
      method: 'GET',
      path: base,
      access: 'read',
      handle: async () => {
        await desk.board.refresh(patienceForStores)
        return json({ time: desk.wall(), queues: desk.board.views() })
      },
    },
    route({ method: 'GET', path: '', access: 'read' }, list),
    route(
      {
        method: 'POST',
        path: '/retry-batch',
        access: 'operate',
        action: 'deadLetter.retryBatch',
        unlimited: true,
      },
      (queue, request) => within(clock, longestAnswer, () => retryBatch(queue, request, clock), tooLate),
    ),
    route({ method: 'POST', path: '/purge', access: 'override', action: 'deadLetters.purge' }, purge),
    route({ method: 'GET', path: '/{id}', access: 'read' }, show),
    route({ method: 'DELETE', path: '/{id}', access: 'operate', action: 'deadLetter.discard' }, discard),
    route({ method: 'POST', path: '/{id}/retry', access: 'operate', action: 'deadLetter.retry' }, retry),
  ]
}

async function list(queue: DeadLettersLike, { params, input }: OpsRequest): Promise<LettersAnswer> {
  const page = await queue.list({
    limit: input.integer('limit', 1, 500) ?? 100,
    type: input.text('type'),
    state: input.oneOf('state', states) ?? 'dead',
    order: input.oneOf('order', ['newest', 'oldest']) ?? 'newest',
    cursor: input.text('cursor'),
  })
  return {
    queue: params['queue'] as string, // part of the path
    letters: page.items.map(letterView),
    ...(page.next !== undefined && { next: page.next }),
    time: page.now,
  }
}

async function show(queue: DeadLettersLike, request: OpsRequest): Promise<LetterAnswer> {
  const { params, input, principal } = request
  const id = params['id'] as string // part of the path
  const wantsContent = input.flag('content')
  if (wantsContent && (principal === undefined || !may(principal, 'operate')))
    throw new Fault(403, 'forbidden', "The content of a letter needs the scope 'operate'.")
  const letter = await queue.get(id)
  if (letter === undefined) throw notFound('such letter')
  const answer = letterAnswer(params['queue'] as string, letter)
  if (!wantsContent) return answer
  // The queue writes down who looked.
  const opened = await queue.view(id, operatorOf(request))
  if (opened === undefined) throw notFound('such letter')
  return { ...answer, content: contentView(opened.message) }
}

async function retry(queue: DeadLettersLike, request: OpsRequest): Promise<LetterRetryAnswer> {
  const id = begin(request)
  const { outcome, replayId } = await queue.retry(id, operatorOf(request))
  request.record.after = outcome
  return {
    message: outcome === 'replayed' ? 'The letter was replayed.' : 'The letter had been settled before.',
    id,
    outcome,
    ...(replayId !== undefined && { replayId }),
  }
}

async function discard(queue: DeadLettersLike, request: OpsRequest): Promise<LetterDiscardAnswer> {
  const id = begin(request)
  const { outcome } = await queue.discard(id, operatorOf(request))
  request.record.after = outcome
  const message =
    outcome === 'discarded' ? 'The letter was discarded.' : 'The letter had been settled before.'
  return { message, id, outcome }
}

async function purge(queue: DeadLettersLike, request: OpsRequest): Promise<PurgeAnswer> {
  const { input, params, record } = request
  record.target = params['queue'] as string
  record.reason = input.reason(true)
  const olderThan = input.duration('olderThan')
  const keep = input.integer('keep', 0, Number.MAX_SAFE_INTEGER)
  if (olderThan === undefined && keep === undefined)
    throw badInput('Give olderThan, keep, or both: without a limit nothing is purged.')
  const { byAge, byCount, settled } = await queue.purge({
    ...operatorOf(request),
    ...(olderThan !== undefined && { olderThan }),
    ...(keep !== undefined && { keep }),
  })
  record.after = `${byAge + byCount} removed`
  return { message: `${byAge + byCount} letters were removed.`, byAge, byCount, settled }
}

async function retryBatch(
  queue: DeadLettersLike,
  request: OpsRequest,
  clock: Clock,
): Promise<RetryBatchAnswer> {
  const { input, params, record } = request
  record.target = params['queue'] as string
  const by = operatorOf(request)
  record.reason = by.reason
  const ids = input.list('ids', mostIds)
  const until = clock.now() + longestBatch
  const late = (): boolean => clock.now() >= until
  let last: RetryProgressLike = nothingDone
  let remaining = false
  const steps =
    ids === undefined
      ? queue.retryBatch(
          { type: input.text('type'), errorClass: input.text('errorClass') },
          { ...by, limit: input.integer('limit', 1, mostLetters) ?? 100, rate, dryRun: input.flag('dryRun') },
        )
      : retryEach(queue, ids, by)
  for await (const progress of steps) {
    last = progress
    remaining = late()
    if (remaining) break
  }
  const { examined, replayed, already, leased, missing, failed } = last
  remaining &&= ids === undefined || examined < ids.length
  record.after = `${replayed} replayed, ${failed} failed`
  const message = `${replayed} of ${examined} letters were replayed.`
  return { message, examined, replayed, already, leased, missing, failed, remaining }
}

const nothingDone: RetryProgressLike = {
  examined: 0,
  replayed: 0,
  already: 0,
  leased: 0,
  missing: 0,
  failed: 0,
}

/** One after the other: what has just recovered must not be overrun. */
async function* retryEach(
  queue: DeadLettersLike,
  ids: readonly string[],
  by: OperatorLike,
): AsyncIterable<RetryProgressLike> {
  const sum = { ...nothingDone }
  for (const id of ids) {
    sum.examined++
    sum[await retryOne(queue, id, by)]++
    yield { ...sum }
  }
}

async function retryOne(
  queue: DeadLettersLike,
  id: string,
  by: OperatorLike,
): Promise<Exclude<keyof RetryProgressLike, 'examined'>> {
  try {
    return (await queue.retry(id, by)).outcome
  } catch (error) {
    const { code } = faultOf(error)
    if (code === 'not_found') return 'missing'
    if (code === 'in_flight') return 'leased'
    if (code === 'retry_failed') return 'failed'
    throw error
  }
}

function begin({ params, input, record }: OpsRequest): string {
  const id = params['id'] as string // part of the path
  record.target = `${params['queue']}/${id}`
  record.reason = input.reason(false)
  return id
}

function queueOf({ settings }: Desk, { params }: OpsRequest): DeadLettersLike {
  const name = params['queue'] as string // part of the path
  const queue = Object.hasOwn(settings.deadLetters, name) ? settings.deadLetters[name] : undefined
  if (queue === undefined) throw notFound('queue of that name')
  return queue
}

const operatorOf = ({ principal, input }: OpsRequest): OperatorLike => {
  const reason = input.reason(false)
  return { actor: principal?.id ?? 'an operator', ...(reason !== undefined && { reason }) }
}

/** What fails here without an error of ours is the store. */
async function ofStore<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if ((error as { readonly option?: unknown } | null)?.option === 'replay')
      throw unsupported('This queue has nothing to replay letters with.')
    const fault = faultOf(error)
    if (fault.status !== 500) throw fault
    throw new Fault(502, 'store_failed', 'The store of dead letters does not work at the moment.')
  }
}
