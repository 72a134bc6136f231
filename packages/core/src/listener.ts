/** What subscribers look like, here and on the hub. */

/** A listener. What it returns is ignored; a promise it returns may reject without harm. */
export type Listener<P> = (payload: P) => unknown

/** Calls a listener so that neither its throw nor its rejected promise reaches anybody but `report`. */
export function deliverSafely<P>(listener: Listener<P>, payload: P, report: (error: unknown) => void): void {
  try {
    const result = listener(payload)
    if (result instanceof Promise) result.then(undefined, report)
  } catch (error) {
    report(error)
  }
}
