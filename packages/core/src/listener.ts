/** What subscribers look like, here and on the hub. */

/** A listener. What it returns is ignored; a promise it returns may reject without harm. */
export type Listener<P> = (payload: P) => unknown

/** Calls a listener so that neither its throw nor its rejected promise reaches anybody but `report`. */
export function deliverSafely(deliver: () => unknown, report: (error: unknown) => void): void {
  try {
    const result = deliver()
    if (result instanceof Promise) result.then(undefined, report)
  } catch (error) {
    report(error)
  }
}
