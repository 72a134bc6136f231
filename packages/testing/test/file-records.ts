/** Idempotency records in files, for processes that share no server: with a lock, or without one, as must not be. */
import { randomUUID } from 'node:crypto'
import { mkdir, readFile, rename, rm, rmdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { IdempotencyStore } from '@seaworthy/idempotency'
import { readThenWrite } from '@seaworthy/testing/conformance'

/** What client processes are told. */
export interface FilePlace {
  readonly directory: string
  readonly locked: boolean
}

export async function fileRecords({ directory, locked }: FilePlace): Promise<IdempotencyStore> {
  const file = (key: string): string => join(directory, Buffer.from(key).toString('base64url').slice(0, 200))
  const store = await readThenWrite({
    get: (key) => readFile(file(key), 'utf8').catch(() => undefined),
    async set(key, text) {
      if (text === undefined) return rm(file(key), { force: true })
      // A file is replaced as a whole: torn reads would be another mistake.
      const fresh = join(directory, randomUUID())
      await writeFile(fresh, text)
      await rename(fresh, file(key))
    },
    now: () => performance.timeOrigin + performance.now(),
  })
  return locked ? exclusive(store, (key) => `${file(key)}.lock`) : store
}

/** One at a time for each key. Whoever dies inside leaves the lock behind, so it is broken after a while. */
function exclusive(store: IdempotencyStore, lockOf: (key: string) => string): IdempotencyStore {
  const alone = async <T>(key: string, run: () => Promise<T>): Promise<T> => {
    const lock = lockOf(key)
    for (let tries = 0; ; tries++) {
      try {
        await mkdir(lock)
        break
      } catch {
        if (tries % 3000 === 2999) await rmdir(lock).catch(() => {})
        await sleep(1)
      }
    }
    try {
      return await run()
    } finally {
      await rmdir(lock)
    }
  }
  return {
    claim: (key, request) => alone(key, () => store.claim(key, request)),
    renew: (key, request) => alone(key, () => store.renew(key, request)),
    complete: (key, request) => alone(key, () => store.complete(key, request)),
    forget: (key, fence) => alone(key, () => store.forget(key, fence)),
    peek: (key) => store.peek(key),
  }
}
