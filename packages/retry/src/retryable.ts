import type { RetryOptions } from './options.ts'
import { retry } from './retry.ts'

type AsyncMethod<This, Args extends unknown[], R> = (this: This, ...args: Args) => Promise<R>

/**
 * Retries a method, as a standard decorator (TypeScript 5 and later, without `experimentalDecorators`). All
 * instances of the class share one policy. To share a policy between methods, use `guarded` of
 * `@seaworthy/core/decorators`.
 *
 * @throws {@link @seaworthy/core!InvalidOptionError} when an option makes no sense, as the class is defined.
 *
 * @example
 * ```ts
 * import { retryable } from '@seaworthy/retry'
 *
 * class Inventory {
 *   #calls = 0
 *
 *   @retryable({ attempts: 3, delay: '50ms' })
 *   async stock(item: string): Promise<number> {
 *     if (++this.#calls < 3) throw new Error('connection reset')
 *     return item.length
 *   }
 * }
 *
 * console.log(await new Inventory().stock('lamp')) // 4
 * ```
 */
export function retryable<Result = unknown>(
  options: RetryOptions<Result> = {},
): <This, Args extends unknown[], R>(
  method: AsyncMethod<This, Args, R>,
  context: ClassMethodDecoratorContext<This, AsyncMethod<This, Args, R>>,
) => AsyncMethod<This, Args, R> {
  const policy = retry(options)
  return (method) => policy.wrap(method) as typeof method
}
