import type { Clock, Random, Timer } from '@seaworthy/core'
import type { IdempotencyStore } from './store.ts'
import { attempt } from './store-calls.ts'

/**
 * Those who are woken by one hint ask again spread over so many milliseconds. It also keeps hints for nothing from
 * becoming a busy loop.
 */
const earliest = 5
const spread = 10

/** Listens for a hint of the store. */
export class Hint {
  readonly #controller = new AbortController()
  /** Called when it comes, once. */
  #heard: (() => void) | undefined = undefined
  #came = false

  constructor(store: Pick<IdempotencyStore, 'waitFor'>, key: string) {
    attempt(async () => store.waitFor?.(key, this.#controller.signal)).then(
      () => this.#come(),
      () => {},
    )
  }

  onHeard(heard: () => void): void {
    if (this.#came) heard()
    else this.#heard = heard
  }

  end(): void {
    this.#heard = undefined
    this.#controller.abort()
  }

  #come(): void {
    this.#came = true
    this.#heard?.()
  }
}

/**
 * Waits `delay` milliseconds, or until a hint came.
 *
 * @param endEarly - Gets a function that ends the wait.
 */
export function pause(
  clock: Clock,
  random: Random,
  delay: number,
  hint: Hint | undefined,
  endEarly: (end: () => void) => void,
): Promise<void> {
  return new Promise((resolve) => {
    let over = false
    const end = (): void => {
      over = true
      timer.cancel()
      resolve()
    }
    let timer: Timer = clock.setTimer(end, delay)
    endEarly(end)
    hint?.onHeard(() => {
      if (over) return
      timer.cancel()
      timer = clock.setTimer(end, earliest + spread * random())
    })
  })
}
