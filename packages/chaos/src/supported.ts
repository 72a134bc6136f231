/** What all targets check. */
import { InvalidOptionError } from '@seaworthy/core'
import type { Fault } from './fault.ts'
import type { ChaosTarget } from './target.ts'

/** The fault, if the target can do it. @throws InvalidOptionError if not. */
export function supported<F extends Fault>(target: Pick<ChaosTarget, 'id' | 'supports'>, fault: Fault): F {
  if (target.supports.includes(fault.kind)) return fault as F // `supports` lists the kinds of F.
  throw new InvalidOptionError(
    `fault.kind for '${target.id}'`,
    `one of ${target.supports.join(', ')}`,
    fault.kind,
  )
}

/** The name of a target. */
export function targetId(id: string): string {
  if (typeof id === 'string' && id !== '') return id
  throw new InvalidOptionError('target id', 'a text that is not empty', id)
}
