/** The command line without a process: what it writes is kept, and nothing around it is real. */
import { EventEmitter } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type CommandLineOptions, run } from 'seaworthy/command-line'

export interface Ran {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** A file of the tests. */
export const testFile = (name: string): string =>
  fileURLToPath(new URL(`./command-line-files/${name}`, import.meta.url))

/** A folder that is removed by `clean`. */
export function folder(): { readonly path: string; clean(): void } {
  const path = mkdtempSync(join(tmpdir(), 'seaworthy-command-'))
  return { path, clean: () => rmSync(path, { recursive: true, force: true }) }
}

/** @param typed - Answers to questions; with them there is a terminal. */
export async function seaworthy(
  argv: readonly string[],
  { typed, ...options }: CommandLineOptions & { readonly typed?: string } = {},
): Promise<Ran> {
  const terminal = typed !== undefined
  let [out, err] = ['', '']
  const code = await run(argv, {
    stdout: { write: (text) => (out += text) },
    stderr: { write: (text) => (err += text), isTTY: terminal, columns: 100 },
    stdin: Object.assign(lines(typed ?? ''), { isTTY: terminal }),
    environment: { USER: 'ada' },
    signals: new EventEmitter(),
    exit: (code) => {
      throw new Error(`exit ${code}`)
    },
    version: '1.2.3',
    ...options,
  })
  return { code, out, err }
}

async function* lines(text: string): AsyncGenerator<string> {
  yield text
}
