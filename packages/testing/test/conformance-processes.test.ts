/** Level L3 without a server: processes share a directory. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import {
  type ConformanceReport,
  idempotencyStoreConformance,
  runConformance,
} from '@seaworthy/testing/conformance'
import { expect, it } from 'vitest'
import { fileRecords } from './file-records.ts'

async function inProcesses(locked: boolean, program = 'file-records-client.ts'): Promise<ConformanceReport> {
  const place = async () => {
    const directory = await mkdtemp(join(tmpdir(), 'seaworthy-records-'))
    return { directory, close: () => rm(directory, { recursive: true }) }
  }
  const kit = idempotencyStoreConformance({
    name: 'files',
    clock: 'real',
    async create() {
      const { directory, close } = await place()
      return { store: await fileRecords({ directory, locked }), advance: (time) => sleep(time + 2), close }
    },
    async processes() {
      const { directory, close } = await place()
      return {
        program: fileURLToPath(new URL(program, import.meta.url)),
        execArgv: ['--conditions=@seaworthy/source', '--import', 'tsx'],
        argument: { directory, locked },
        close,
      }
    },
  })
  return runConformance(kit, { levels: ['L3'], seed: 3 })
}

it('passes records in files that are locked, though two of the processes die', async () => {
  expect(await inProcesses(true)).toMatchObject({ failures: [], passed: 1 })
})

it('catches records that are read and then written', async () => {
  const { failures } = await inProcesses(false)
  expect(failures).toMatchObject([{ level: 'L3', message: expect.stringContaining('is not linearizable') }])
})
