/** Claim machines with one mistake each, of kinds that have been made. The tests must catch every one: this is the test of the tests. */
import { claimMachine } from '@seaworthy/idempotency'
import type { Machine } from './promises.ts'

const { claim, renew, complete, forget } = claimMachine
const right: Machine = { claim, renew, complete, forget }

type Known = claimMachine.IdempotencyRecord | undefined

const immortal = (record: Known): Known => record && { ...record, expiresAt: Number.POSITIVE_INFINITY }

export const wrongMachines: Readonly<Record<string, Machine>> = {
  'a grant is not taken away when its lease is over': {
    ...right,
    claim: (record, request, now, floor) =>
      claim(record && { ...record, leaseUntil: Number.POSITIVE_INFINITY }, request, now, floor),
  },
  'a living owner is robbed': {
    ...right,
    claim: (record, request, now, floor) =>
      claim(record && { ...record, leaseUntil: 0 }, request, now, floor),
  },
  'the lease is over a tick late': {
    ...right,
    claim: (record, request, now, floor) =>
      claim(record && { ...record, leaseUntil: record.leaseUntil + 1 }, request, now, floor),
  },
  'taking over without having been asked to': {
    ...right,
    claim: (record, request, now, floor) => claim(record, { ...request, takeover: true }, now, floor),
  },
  'records do not expire for claims': {
    ...right,
    claim: (record, request, now, floor) => claim(immortal(record), request, now, floor),
  },
  'records do not expire for completions': {
    ...right,
    complete: (record, request, now) => complete(immortal(record), request, now),
  },
  'every grant has the same fence': {
    ...right,
    claim: (record, request, now, floor) => {
      const step = claim(record, request, now, floor)
      if (!('fence' in step.outcome) || step.record === undefined) return step
      return { record: { ...step.record, fence: 1 }, outcome: { ...step.outcome, fence: 1 } }
    },
  },
  'fences follow the clock alone': {
    ...right,
    claim: (record, request, now, floor) => {
      const step = claim(record, request, now, floor)
      if (step.record === undefined || step.record === record || step.outcome.kind === 'mismatch') return step
      if (!('fence' in step.outcome)) return step
      const fence = now * 1000
      return { record: { ...step.record, fence }, outcome: { ...step.outcome, fence } }
    },
  },
  'fences start over with a new record': {
    ...right,
    claim: (record, request, now) => claim(record, request, now / 1e6),
  },
  'completing does not look at the owner': {
    ...right,
    complete: (record, request, now) => complete(record, { ...request, owner: record?.owner ?? '' }, now),
  },
  'completing does not look at the fence': {
    ...right,
    complete: (record, request, now) => complete(record, { ...request, fence: record?.fence ?? 0 }, now),
  },
  'renewing does not look at owner and fence': {
    ...right,
    renew: (record, request, now) => renew(record, { ...request, ...record, lease: request.lease }, now),
  },
  'renewing brings a settled record back in flight': {
    ...right,
    renew: (record, request, now) => renew(record && { ...record, state: 'inFlight' }, request, now),
  },
  'renewing does not keep the record': {
    ...right,
    renew: (record, request, now) => {
      const step = renew(record, request, now)
      return step.record && record
        ? { ...step, record: { ...step.record, expiresAt: record.expiresAt } }
        : step
    },
  },
  'a late completion overwrites the first': {
    ...right,
    complete: (record, request, now) => complete(record && { ...record, state: 'inFlight' }, request, now),
  },
  'a completion after the lease is refused though nobody took over': {
    ...right,
    complete: (record, request, now) =>
      record?.state === 'inFlight' && now >= record.leaseUntil
        ? { record, outcome: 'stale' }
        : complete(record, request, now),
  },
  'a late failure deletes the record': {
    ...right,
    complete: (record, request, now) =>
      request.state === 'retryable'
        ? { record: undefined, outcome: 'stored' }
        : complete(record, request, now),
  },
  'completing makes a record where there is none': {
    ...right,
    complete: (record, request, now) =>
      record === undefined ? { record, outcome: 'stored' } : complete(record, request, now),
  },
  'failures that may be mended are the answer for good': {
    ...right,
    claim: (record, request, now, floor) =>
      claim(record?.state === 'retryable' ? { ...record, state: 'failed' } : record, request, now, floor),
  },
  'failures for good are tried again': {
    ...right,
    claim: (record, request, now, floor) =>
      claim(record?.state === 'failed' ? { ...record, state: 'retryable' } : record, request, now, floor),
  },
  'the payload is compared only when the work is done': {
    ...right,
    claim: (record, request, now, floor) =>
      claim(
        record?.state === 'completed' ? record : record && { ...record, fingerprint: '' },
        request,
        now,
        floor,
      ),
  },
  'completing drops the fingerprint': {
    ...right,
    complete: (record, request, now) => {
      const step = complete(record, request, now)
      return { ...step, record: step.record && { ...step.record, fingerprint: '' } }
    },
  },
  'a claim without a payload is a conflict': {
    ...right,
    claim: (record, request, now, floor) =>
      claim(record, { ...request, fingerprint: request.fingerprint || 'none' }, now, floor),
  },
  'a claim that is repeated locks itself out': {
    ...right,
    claim: (record, request, now, floor) =>
      claim(record && { ...record, owner: `not ${record.owner}` }, request, now, floor),
  },
  'a claim that is repeated is another grant': {
    ...right,
    claim: (record, request, now, floor) =>
      claim(
        record?.owner === request.owner && record.state === 'inFlight'
          ? { ...record, leaseUntil: 0, owner: '' }
          : record,
        request,
        now,
        floor,
      ),
  },
  'attempts are not counted': {
    ...right,
    claim: (record, request, now, floor) => {
      const step = claim(record, request, now, floor)
      return { ...step, record: step.record && { ...step.record, attempt: 0 } }
    },
  },
  'the last error is lost': {
    ...right,
    claim: (record, request, now, floor) =>
      claim(record?.state === 'retryable' ? { ...record, payload: undefined } : record, request, now, floor),
  },
  'forgetting does not look at the fence': {
    ...right,
    forget: (record, _fence, now) => forget(record, undefined, now),
  },
}
