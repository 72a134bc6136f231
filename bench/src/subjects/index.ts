/** Everything whose speed is measured, in the order of the report. */
import type { Subject } from '../harness.ts'
import { breakerSubjects } from './breaker.ts'
import { fallbackSubjects } from './fallback.ts'
import { floorSubjects } from './floors.ts'
import { limitSubjects } from './limits.ts'
import { pipelineSubjects } from './pipeline.ts'
import { retrySubjects } from './retry.ts'
import { timeoutSubjects } from './timeout.ts'
import { windowSubjects } from './window.ts'

export const subjects: readonly Subject[] = [
  ...floorSubjects,
  ...breakerSubjects,
  ...windowSubjects,
  ...retrySubjects,
  ...timeoutSubjects,
  ...limitSubjects,
  ...fallbackSubjects,
  ...pipelineSubjects,
]

export function subject(name: string): Subject {
  const found = subjects.find((each) => each.name === name)
  if (found === undefined) throw new Error(`No subject is called ${name}`)
  return found
}
