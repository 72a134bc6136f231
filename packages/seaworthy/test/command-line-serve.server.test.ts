/** `drill serve`, asked over real HTTP. */
import { EventEmitter } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type CommandLineOptions, run } from 'seaworthy/command-line'
import { afterEach, expect, it, vi } from 'vitest'
import { folder, seaworthy } from './command-line-session.ts'

const ended: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const end of ended.splice(0)) await end()
})

interface Served {
  readonly address: string
  readonly token: string | undefined
  /** As Ctrl-C would. @returns The exit code. */
  end(): Promise<number>
}

async function serve(argv: readonly string[] = [], options: CommandLineOptions = {}): Promise<Served> {
  const signals = new EventEmitter()
  let out = ''
  const code = run(['drill', 'serve', '--port', '0', ...argv], {
    stdout: { write: (text) => (out += text) },
    stderr: { write: () => {} },
    environment: {},
    signals,
    ...options,
  })
  const end = (): Promise<number> => {
    signals.emit('SIGINT', 'SIGINT')
    return code
  }
  ended.push(end)
  await vi.waitFor(() => expect(out).toMatch(/\/status\n/), 30_000)
  const [, token] = /^token: (.+)$/m.exec(out) ?? []
  return { address: out.split('/status')[0] as string, token, end }
}

const ask = (address: string, path: string, token?: string, body?: object): Promise<Response> =>
  fetch(`${address}${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: {
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      'content-type': 'application/json',
    },
    ...(body && { body: JSON.stringify(body) }),
  })

it('serves those who have the token, and nobody else, until it is interrupted', async () => {
  const { address, token, end } = await serve()
  expect((await ask(address, '/status')).status).toBe(401)
  expect((await ask(address, '/status', 'guessed by somebody')).status).toBe(401)
  expect((await ask(address, '/status', token)).status).toBe(200)
  const tested = await ask(address, '/circuit-breakers/test?circuit_name=test_circuit', token, {})
  expect(tested.status).toBe(200)
  expect(await tested.json()).toMatchObject({ passed: true })
  expect(await end()).toBe(130)
  await expect(ask(address, '/status', token)).rejects.toThrow()
})

it('breaks nothing unless it is armed', async () => {
  const { address, token } = await serve()
  const refused = await ask(address, '/tests/comprehensive', token, {})
  expect(refused.status).toBe(423)
  const armed = await serve(['--arm'])
  const started = await ask(armed.address, '/tests/comprehensive', armed.token, {})
  expect(started.status).toBe(202)
  expect((await ask(armed.address, '/cleanup', armed.token, {})).status).toBe(200)
})

it('takes its token from a file or the environment, and prints none then', async () => {
  const { path, clean } = folder()
  const file = join(path, 'token')
  writeFileSync(file, 'a token from a file\n')
  const fromFile = await serve(['--token-file', file])
  expect(fromFile.token).toBeUndefined()
  expect((await ask(fromFile.address, '/status', 'a token from a file')).status).toBe(200)
  const environment = { SEAWORTHY_TOKEN: 'a token from a variable' }
  const fromVariable = await serve([], { environment })
  expect((await ask(fromVariable.address, '/status', environment.SEAWORTHY_TOKEN)).status).toBe(200)
  clean()
})

it('refuses short tokens, other interfaces without one, and ports that are taken', async () => {
  const short = await seaworthy(['drill', 'serve'], { environment: { SEAWORTHY_TOKEN: 'short' } })
  expect(short).toMatchObject({ code: 64, err: expect.stringContaining('16 characters or more') })
  const open = await seaworthy(['drill', 'serve', '--host', '0.0.0.0'])
  expect(open).toMatchObject({ code: 64, err: expect.stringContaining('--token-file') })
  const { address } = await serve()
  const taken = await seaworthy(['drill', 'serve', '--port', new URL(address).port])
  expect(taken).toMatchObject({ code: 64, err: expect.stringContaining('cannot listen on') })
})
