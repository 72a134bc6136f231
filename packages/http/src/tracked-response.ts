/**
 * Answers that tell when their body has ended in any way: read to its end, failed, or cancelled. Until then the caller's signal
 * must be able to abort it, and after that nothing may listen to that signal any more.
 *
 * The answer stays the object that `fetch` made, with a prototype between it and its class: its methods pass through and
 * are watched. Only who reads `body` itself gets a stream around the stream, which costs as much as a small request.
 */

interface Tracking {
  readonly ended: () => void
  /** The same answer around a watched stream; made when somebody wants the stream. */
  substitute: Response | undefined
}

const trackings = new WeakMap<Response, Tracking>()

/** The prototype for answers of each class. */
const prototypes = new WeakMap<object, object>()

const readers = ['arrayBuffer', 'blob', 'bytes', 'formData', 'json', 'text'] as const

/** Calls `ended` once or more when the body of an answer has ended. @returns The answer. */
export function trackedResponse(response: Response, ended: () => void): Response {
  const { body } = response
  if (body === null || typeof body.getReader !== 'function') {
    ended()
    return response
  }
  const original = Object.getPrototypeOf(response) as Response
  let prototype = prototypes.get(original)
  if (prototype === undefined) {
    prototype = prototypeOver(original)
    prototypes.set(original, prototype)
  }
  trackings.set(response, { ended, substitute: undefined })
  return Object.setPrototypeOf(response, prototype)
}

function prototypeOver(original: Response): object {
  const prototype = Object.create(original)
  const define = (name: string, descriptor: PropertyDescriptor): void => {
    Object.defineProperty(prototype, name, { ...descriptor, configurable: true })
  }
  // Answers without a body are not tracked.
  const bodyOf = (response: Response) =>
    Reflect.get(original, 'body', response) as NonNullable<Response['body']>

  /** The answer around a stream, from the first time that somebody wants the stream. */
  const substituteOf = (response: Response): Response => {
    const tracking = trackings.get(response) as Tracking
    if (tracking.substitute === undefined) {
      const { status, statusText, headers } = response
      // The same class: an implementation of fetch may bring its own.
      const Same = response.constructor as typeof Response
      const stream = trackedStream(bodyOf(response), tracking.ended)
      tracking.substitute = new Same(stream, { status, statusText, headers })
    }
    return tracking.substitute
  }

  for (const name of readers) {
    const read: unknown = Reflect.get(original, name)
    if (typeof read !== 'function') continue // `bytes` is newer than the others.
    define(name, {
      value(this: Response) {
        const { substitute, ended } = trackings.get(this) as Tracking
        const result: Promise<unknown> = read.call(substitute ?? this)
        result.then(ended, ended)
        return result
      },
    })
  }
  define('body', {
    get(this: Response) {
      return substituteOf(this).body
    },
  })
  define('bodyUsed', {
    get(this: Response) {
      return Reflect.get(original, 'bodyUsed', trackings.get(this)?.substitute ?? this)
    },
  })
  define('clone', {
    value(this: Response) {
      const copy = substituteOf(this).clone()
      for (const name of ['url', 'redirected', 'type'] as const)
        Object.defineProperty(copy, name, { value: this[name], configurable: true })
      return copy
    },
  })
  return prototype
}

function trackedStream(body: ReadableStream<Uint8Array>, ended: () => void): ReadableStream<Uint8Array> {
  const reader = body.getReader()
  return new ReadableStream({
    type: 'bytes',
    async pull(controller) {
      try {
        const { done, value } = await reader.read()
        if (!done) {
          controller.enqueue(value as Uint8Array<ArrayBuffer>)
          return
        }
        ended()
        controller.close()
        controller.byobRequest?.respond(0)
      } catch (error) {
        ended()
        controller.error(error)
      }
    },
    cancel(reason) {
      ended()
      return reader.cancel(reason)
    },
  })
}
