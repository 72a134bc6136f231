/**
 * Policies as standard decorators (TypeScript 5 and later, without `experimentalDecorators`).
 *
 * @module @seaworthy/core/decorators
 */
import type { AnyPolicy } from '@seaworthy/core'

type AsyncMethod<This, Args extends unknown[], R> = (this: This, ...args: Args) => Promise<R>

/**
 * Runs a method under a policy. All instances of the class share the policy's state.
 *
 * @example
 * ```ts
 * import { pipeline } from '@seaworthy/core'
 * import { guarded } from '@seaworthy/core/decorators'
 *
 * const policy = pipeline()
 *
 * class Inventory {
 *   @guarded(policy)
 *   async stock(item: string): Promise<number> {
 *     return item.length
 *   }
 * }
 *
 * console.log(await new Inventory().stock('lamp'))
 * ```
 */
export function guarded(
  policy: AnyPolicy,
): <This, Args extends unknown[], R>(
  method: AsyncMethod<This, Args, R>,
  context: ClassMethodDecoratorContext<This, AsyncMethod<This, Args, R>>,
) => AsyncMethod<This, Args, R> {
  return (method) => policy.wrap(method) as typeof method
}
