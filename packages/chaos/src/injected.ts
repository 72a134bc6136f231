/** Errors that look like those of the real world, and how to tell that they are not. */
import type { Random } from '@seaworthy/core'
import type { ErrorTemplate, WeightedError } from './fault.ts'

const ours = new WeakSet<object>()

/**
 * Whether an error was injected by this package. Nothing on the error itself gives it away, so that no policy treats it in
 * another way than a real one.
 */
export function isInjected(error: unknown): boolean {
  return typeof error === 'object' && error !== null && ours.has(error)
}

/** Remembers that an error is ours. Texts and numbers cannot be remembered. */
export function markInjected<T>(error: T): T {
  if (typeof error === 'object' && error !== null) ours.add(error)
  return error
}

/** Makes the error that a template describes. */
export function errorFrom(template: ErrorTemplate): Error {
  const { name = 'Error', message, code, status, failureClass, cause, properties } = template
  const network = code === undefined ? undefined : networkErrors[code]
  const text = message ?? (network === undefined ? (code ?? 'injected') : `${network.syscall} ${code}`)
  const error = construct(name, text)
  if (cause !== undefined) {
    Object.defineProperty(error, 'cause', {
      value: errorFrom(cause),
      configurable: true,
      writable: true,
    })
  }
  const fields = { ...network, code, status, failureClass, ...properties }
  for (const [field, value] of Object.entries(fields)) {
    // `code` of a DOMException is a getter.
    if (value !== undefined) Object.defineProperty(error, field, { value, ...visible })
  }
  return markInjected(error)
}

/** One error of a list, by weight. */
export function errorOf(error: ErrorTemplate | readonly WeightedError[], random: Random): Error {
  return errorFrom(isList(error) ? pick(error, random) : error)
}

function pick(errors: readonly WeightedError[], random: Random): ErrorTemplate {
  const total = errors.reduce((sum, { weight }) => sum + weight, 0)
  let rest = random() * total
  const found = errors.find(({ weight }) => {
    rest -= weight
    return rest < 0
  })
  // Rounding may leave a rest behind the last one.
  return (found ?? (errors.findLast(({ weight }) => weight > 0) as WeightedError)).error
}

const isList = (error: ErrorTemplate | readonly WeightedError[]): error is readonly WeightedError[] =>
  Array.isArray(error)

const visible = { configurable: true, enumerable: true, writable: true }

/** What libuv adds to its errors. */
const networkErrors: Readonly<Record<string, { readonly errno: number; readonly syscall: string }>> = {
  ECONNREFUSED: { errno: -111, syscall: 'connect' },
  ECONNRESET: { errno: -104, syscall: 'read' },
  EHOSTUNREACH: { errno: -113, syscall: 'connect' },
  ENETUNREACH: { errno: -101, syscall: 'connect' },
  ENOTFOUND: { errno: -3008, syscall: 'getaddrinfo' },
  EAI_AGAIN: { errno: -3001, syscall: 'getaddrinfo' },
  EPIPE: { errno: -32, syscall: 'write' },
  ETIMEDOUT: { errno: -110, syscall: 'connect' },
}

const constructors: Readonly<Record<string, new (message: string) => Error>> = {
  TypeError,
  RangeError,
  ReferenceError,
  SyntaxError,
}

function construct(name: string, message: string): Error {
  if (name === 'AbortError' || name === 'TimeoutError') return new DOMException(message, name)
  const Constructor = constructors[name]
  if (Constructor !== undefined) return new Constructor(message)
  const error = new Error(message)
  if (name !== 'Error') Object.defineProperty(error, 'name', { ...visible, enumerable: false, value: name })
  return error
}
