/** `seaworthy drill serve`: drills over HTTP. */
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { resolve } from 'node:path'
import { Hub } from '@seaworthy/core'
import { type DrillControl, type DrillOptions, drillControl } from '@seaworthy/drill'
import type { Command } from '../command.ts'
import { drillSettings } from '../drill-settings.ts'
import { exitCodes } from '../exit-codes.ts'
import type { Given } from '../given.ts'
import { loaded } from '../optional-packages.ts'
import { print, type Session } from '../session.ts'
import { UsageError } from '../usage-error.ts'

/** Only this machine can connect with these. */
const loopback: readonly string[] = ['127.0.0.1', '::1', 'localhost']
const standardPort = 8787
const leastToken = 16

/** `drill serve` */
export const drillServe: Command = {
  words: 'drill serve',
  summary: 'Starts, watches and stops drills over HTTP',
  about: [
    'The routes are those of @seaworthy/ops, below /api/resilience: tests, cascades, breaker tests, memory monitors, reports, clean-up. ' +
      'Every request needs the token. To break things in a service of your own, mount drillControl() in it instead: a process can only be ' +
      'broken from where it is.',
    'A drill of a minute is started by POST /api/resilience/tests/comprehensive with the header "authorization: Bearer TOKEN".',
    'It needs @seaworthy/ops: npm install @seaworthy/ops. Without --arm nothing is broken: what takes no faults can be done all the same.',
  ],
  options: [
    { name: 'port', value: 'N', kind: 'count', help: 'Where it listens.', standard: String(standardPort) },
    { name: 'host', value: 'ADDRESS', help: 'On which interface.', standard: '127.0.0.1' },
    {
      name: 'token-file',
      value: 'FILE',
      help: `A file with the token, ${leastToken} characters or more. Or the variable SEAWORTHY_TOKEN.`,
      standard: 'a token of chance, printed once; off loopback one must be given',
    },
    { name: 'arm', help: 'Allows tests that break things.' },
    { name: 'config', value: 'FILE', help: 'What tests are made with, as for drill run.' },
  ],
  examples: [
    ['seaworthy drill serve --arm', 'prints its address and a token, and serves until Ctrl-C'],
    ['seaworthy drill serve --host 0.0.0.0 --token-file token.txt', 'for others, who need that token'],
  ],
  async run(given, session) {
    const { bearer, createOps, nodeOps } = await loaded(['@seaworthy/ops'], async () => ({
      ...(await import('@seaworthy/ops')),
      ...(await import('@seaworthy/ops/adapters')),
    }))
    const host = given.text('host') ?? '127.0.0.1'
    const { token, isNew } = await tokenOf(given, session, host)
    const hub = new Hub()
    const control = drillControl({ armed: given.flag('arm'), drill: await testsWith(given, session), hub })
    const ops = createOps({
      hub,
      drills: control,
      auth: bearer([{ id: 'drill serve', token, scope: ['operate', 'chaos'] }]),
      profile: 'production',
    })
    const server = createServer(nodeOps(ops))
    const forget = session.interruption.inEmergency(() => void control.cleanup())
    try {
      const port = await listen(server, given.count('port') ?? standardPort, host)
      print(session, `http://${host.includes(':') ? `[${host}]` : host}:${port}/api/resilience/status`)
      if (isNew) print(session, `token: ${token}`)
      await until(session.interruption.signal)
    } finally {
      await close(server, control, () => ops.close())
      forget()
    }
    return session.interruption.code ?? exitCodes.passed
  },
}

async function tokenOf(
  given: Given,
  { environment, directory }: Session,
  host: string,
): Promise<{ readonly token: string; readonly isNew: boolean }> {
  const path = given.text('token-file')
  const known =
    path === undefined ? environment['SEAWORTHY_TOKEN'] : await readFile(resolve(directory, path), 'utf8')
  if (known === undefined) {
    if (loopback.includes(host)) return { token: randomBytes(24).toString('base64url'), isNew: true }
    throw new UsageError('--token-file', [`is needed to listen on ${host}, where others can connect`])
  }
  const token = known.trim()
  if (token.length >= leastToken) return { token, isNew: false }
  throw new UsageError('the token', [`must have ${leastToken} characters or more`])
}

type TestParts = Pick<DrillOptions, 'simulated' | 'real' | 'breaker' | 'cascades' | 'memory' | 'limits'>

async function testsWith(given: Given, session: Session): Promise<TestParts> {
  const { simulated, real, breaker, cascades, limits, memory } = await drillSettings(
    session,
    given.text('config'),
  )
  const { programs } = session
  const watched = memory ?? (programs && { program: programs.soak, execArgv: programs.execArgv })
  return {
    ...(simulated !== undefined && { simulated }),
    ...(real !== undefined && { real }),
    ...(breaker && { breaker }),
    ...(cascades && { cascades }),
    ...(limits && { limits }),
    ...(watched && { memory: watched }),
  }
}

async function listen(server: Server, port: number, host: string): Promise<number> {
  server.listen(port, host)
  try {
    await once(server, 'listening')
  } catch (error) {
    throw new UsageError('--port', [`cannot listen on ${host}:${port}: ${(error as Error).message}`])
  }
  // A server that listens on a port has an address of this form.
  return (server.address() as AddressInfo).port
}

async function until(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await once(signal, 'abort')
}

/** Faults first, then those who watch. */
async function close(server: Server, control: DrillControl, end: () => Promise<void>): Promise<void> {
  await control.close()
  await end()
  server.closeAllConnections()
  if (server.listening) {
    server.close()
    await once(server, 'close')
  }
}
