/**
 * What is kept of an error: enough for programs to tell it apart again. No stack, which is large and tells about the
 * machine.
 */
import { type FailureClass, knownFailureClass } from '@seaworthy/core'

/** An error as plain data. */
export interface PlainError {
  readonly name: string
  readonly message: string
  readonly code?: string | number
  readonly status?: number
  readonly failureClass?: FailureClass
  readonly cause?: PlainError
}

/** Longer messages are cut. */
const longestMessage = 10_000

/** Causes of causes that are kept. */
const deepest = 5

/** Never throws, whatever getters the error has. */
export function plainError(error: Error, depth = 0): PlainError {
  const name = read(error, 'name')
  const message = read(error, 'message')
  const code = read(error, 'code')
  const status = read(error, 'status') ?? read(error, 'statusCode')
  const cause = read(error, 'cause')
  const failureClass = judged(error)
  return {
    name: typeof name === 'string' ? name : 'Error',
    message: typeof message === 'string' ? message.slice(0, longestMessage) : '',
    ...(typeof code === 'string' || typeof code === 'number' ? { code } : {}),
    ...(typeof status === 'number' ? { status } : {}),
    ...(failureClass === undefined ? {} : { failureClass }),
    ...(cause instanceof Error && depth < deepest ? { cause: plainError(cause, depth + 1) } : {}),
  }
}

/** An `Error` that has what was kept. All but the message is not enumerable, as in errors of the language. */
export function rebuildError({ message, cause, ...rest }: PlainError): Error {
  const error = new Error(message, cause === undefined ? undefined : { cause: rebuildError(cause) })
  // The stack would be that of the codec.
  for (const [name, value] of Object.entries({ ...rest, stack: `${rest.name}: ${message}` }))
    Object.defineProperty(error, name, { value, writable: true, configurable: true })
  return error
}

function judged(error: Error): FailureClass | undefined {
  try {
    return knownFailureClass(error)
  } catch {
    return undefined
  }
}

function read(error: Error, name: string): unknown {
  try {
    // The fields that people give their errors are in no type.
    return (error as unknown as Record<string, unknown>)[name]
  } catch {
    return undefined
  }
}
