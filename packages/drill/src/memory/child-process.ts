/** The memory of a child that serves it, from both sides. */
import type { ChildProcess } from 'node:child_process'
import type { MemoryReading, MemorySource } from './source.ts'
import { thisProcess } from './this-process.ts'

/** What is said between them: a question, and its answer with the same number. */
interface ChildQuestion {
  readonly seaworthy: string
  readonly number: number
  readonly argument?: unknown
}

/** An answer to a {@link ChildQuestion}. */
interface ChildAnswer {
  readonly seaworthyAnswer: number
  readonly value?: unknown
  readonly failed?: string
}

/** Asks a child over its IPC channel. */
export interface ChildConversation {
  /** @throws Error when the child fails or ends. */
  ask<Answer>(question: string, argument?: unknown): Promise<Answer>
  /** Leaves no listener. What was asked and not answered rejects. */
  close(): void
}

/** @throws Error when the child has no IPC channel. */
export function converse(child: ChildProcess): ChildConversation {
  if (child.send === undefined) throw new Error("The child has no IPC channel: spawn it with 'ipc' in stdio")
  const waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>()
  let asked = 0
  let over: string | undefined
  const hear = (message: unknown): void => {
    if (!isAnswer(message)) return
    const asker = waiting.get(message.seaworthyAnswer)
    waiting.delete(message.seaworthyAnswer)
    if (message.failed === undefined) asker?.resolve(message.value)
    else asker?.reject(new Error(`The child says: ${message.failed}`))
  }
  const end = (why: string): void => {
    over ??= why
    child.off('message', hear)
    child.off('exit', exited)
    child.off('disconnect', disconnected)
    for (const { reject } of waiting.values()) reject(new Error(over))
    waiting.clear()
  }
  const exited = (code: number | null, signal: string | null): void =>
    end(`The child has ended with ${signal ?? `exit code ${code}`}`)
  const disconnected = (): void => end('The child has closed its IPC channel, or ended')
  child.on('message', hear)
  child.once('exit', exited)
  child.once('disconnect', disconnected)
  return {
    ask<Answer>(question: string, argument?: unknown) {
      return new Promise<Answer>((resolve, reject) => {
        if (over !== undefined) return reject(new Error(over))
        const number = ++asked
        waiting.set(number, { resolve: (value) => resolve(value as Answer), reject })
        child.send?.({ seaworthy: question, number, argument } satisfies ChildQuestion, (error) => {
          if (error && waiting.delete(number))
            reject(new Error('The child cannot be asked', { cause: error }))
        })
      })
    },
    close: () => end('The conversation with the child is closed'),
  }
}

const isAnswer = (message: unknown): message is ChildAnswer =>
  typeof message === 'object' && message !== null && 'seaworthyAnswer' in message

const isQuestion = (message: unknown): message is ChildQuestion =>
  typeof message === 'object' && message !== null && 'seaworthy' in message && 'number' in message

/**
 * A child as a source: it reads its own memory, so that nothing of ours is in the figures. It has to call {@link serveMemory}.
 *
 * @throws Error when the child has no IPC channel.
 */
export function childProcess(child: ChildProcess | ChildConversation): MemorySource {
  const conversation = 'ask' in child ? child : converse(child)
  return {
    read: (collect) => conversation.ask<MemoryReading>('memory', collect),
    close: () => conversation.close(),
  }
}

/** How a child answers a question. */
export type Answers = Readonly<Record<string, (argument: unknown) => unknown>>

/**
 * Answers questions of the parent about the memory of this process, over its IPC channel. It does not keep the process running, and does nothing in a
 * process that nobody asks. A program that is not yours can be started with a module that calls it: `node --import ./serve-memory.js app.js`.
 *
 * @returns Stops it.
 */
export function serveMemory(): () => void {
  const memory = thisProcess()
  const stop = answer({ memory: (collect) => memory.read(collect === true) })
  return () => {
    stop()
    memory.close()
  }
}

/** Answers what the parent asks; other messages are left to others. @returns Stops it. */
export function answer(answers: Answers): () => void {
  if (process.send === undefined) return () => {}
  const hear = async (message: unknown): Promise<void> => {
    if (!isQuestion(message)) return
    const { seaworthy, number, argument } = message
    const reply = Object.hasOwn(answers, seaworthy) ? answers[seaworthy] : undefined
    if (reply === undefined) return
    const said = await Promise.resolve()
      .then(() => reply(argument))
      .then(
        (value): ChildAnswer => ({ seaworthyAnswer: number, value }),
        (error: unknown): ChildAnswer => ({ seaworthyAnswer: number, failed: String(error) }),
      )
    // The parent may be gone. That ends programs that want to end with it, and is none of our business.
    if (process.connected) process.send?.(said, undefined, undefined, () => {})
  }
  process.on('message', hear)
  // A listener keeps the channel, and that the process, alive.
  process.channel?.unref()
  return () => process.off('message', hear)
}
