/**
 * What a machine that loses its power does to an append-only file with `everysec`: what the disk was asked to keep a second ago is
 * there, and the end is missing. A killed process alone loses nothing of it.
 */
import { readdirSync, statSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import type { Redis } from 'ioredis'

/** How often the length of the file is taken, in milliseconds. */
const every = 25

export interface AofTail {
  /** Of a server that does not run: takes off what was written in the last `milliseconds` of its life. @returns Bytes. */
  cut(milliseconds: number): number
  stop(): void
}

/** Watches the file that a server writes. It must never rewrite it. */
export async function aofTail(client: Redis): Promise<AofTail> {
  const [, directory = ''] = (await client.config('GET', 'dir')) as string[]
  const [, folder = ''] = (await client.config('GET', 'appenddirname')) as string[]
  const place = join(directory, folder)
  const file = readdirSync(place).find((name) => name.endsWith('.incr.aof'))
  if (file === undefined) throw new Error(`no append-only file in ${place}`)
  const path = join(place, file)
  const lengths: { readonly at: number; readonly length: number }[] = []
  const look = (): void => {
    lengths.push({ at: performance.now(), length: statSync(path).size })
    if (lengths.length > 5000 / every) lengths.shift()
  }
  look()
  const timer = setInterval(look, every)
  return {
    cut(milliseconds) {
      const { size } = statSync(path)
      // The last look at the file that saw it change was the end of its life.
      const end = lengths.find(({ length }) => length === lengths.at(-1)?.length)?.at ?? performance.now()
      const kept = lengths.findLast(({ at }) => at <= end - milliseconds)?.length ?? 0
      truncateSync(path, kept)
      return size - kept
    },
    stop: () => clearInterval(timer),
  }
}
