/** What has to be true in the end. */
import type { OrderReport } from './customer.ts'

export interface Claim {
  readonly text: string
  readonly detail: string
  readonly holds: boolean
}

export const claim = (text: string, detail: string, holds: boolean): Claim => ({ text, detail, holds })

/** Whether its steps come to an end: one that ends a task. */
export const hasEnd = ({ steps }: OrderReport): boolean =>
  steps.some(({ event }) => event === 'acknowledged' || event === 'dead')
