import type { AbortableSignal, ExecuteOptions } from '@seaworthy/core'
import { type Priority, valuesOf } from './priority.ts'

type AbortListener = Parameters<AbortableSignal['addEventListener']>[1]

/**
 * As much of an `AbortSignal` as policies use. Pipelines look at the signal of every call, and a real one, made for
 * that alone, would cost more than everything else about a request.
 */
class PolicySignal implements AbortableSignal {
  aborted = false
  reason: unknown = undefined
  private listeners: Set<AbortListener> | undefined = undefined

  addEventListener(_type: string, listener: AbortListener): void {
    this.listeners ??= new Set()
    this.listeners.add(listener)
  }

  removeEventListener(_type: string, listener: AbortListener): void {
    this.listeners?.delete(listener)
  }

  abort(reason: unknown): void {
    const { listeners } = this
    this.aborted = true
    this.reason = reason
    this.listeners = undefined
    for (const listener of listeners ?? []) {
      const event = new Event('abort')
      if (typeof listener === 'function') listener(event)
      else listener.handleEvent(event)
    }
  }
}

/**
 * What the policies of a request are told. Its signal aborts when the client goes away, and when the time is over while the
 * request still waits. A handler that takes too long is no abort to them but a failure: a breaker must be able to
 * count it.
 */
export class PolicyOptions implements ExecuteOptions {
  readonly key: string | undefined
  readonly deadline: number | undefined
  readonly values: Readonly<Record<PropertyKey, unknown>>
  readonly signal: AbortSignal
  private readonly ownSignal: PolicySignal

  constructor(key: string | undefined, deadline: number | undefined, priority: Priority) {
    this.key = key
    this.deadline = deadline
    this.values = valuesOf[priority]
    this.ownSignal = new PolicySignal()
    // Nobody sees it but pipelines and their policies, which take an AbortableSignal; handlers get a real one.
    this.signal = this.ownSignal as AbortableSignal as AbortSignal
  }

  giveUp(reason: unknown): void {
    if (!this.ownSignal.aborted) this.ownSignal.abort(reason)
  }
}
