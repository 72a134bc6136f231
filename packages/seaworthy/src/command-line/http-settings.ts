/** A service that answers HTTP, as the file behind `--config` describes it. */
import type { Fields } from './fields.ts'

/** When an answer is less than everything. One of them is enough. */
interface DegradedWhen {
  /** A header that is there, and not `false` or `0`. @defaultValue `x-degraded` */
  readonly header?: string
  /** What the header has to say. @defaultValue anything */
  readonly value?: string
  /** A text in the body. */
  readonly body?: string
}

/** A connection of the service: its dependency is reached through a proxy. */
export interface TcpTargetSettings {
  readonly id: string
  /** The port that the service connects to in place of its dependency. @defaultValue a free one; see `{port:ID}` */
  readonly listen: number | undefined
  readonly host: string
  readonly port: number
}

/** A process: one that runs, which can be paused, or a command, which can be killed and started again as well. */
export type ProcessTargetSettings = { readonly id: string } & (
  | { readonly pid: number }
  | {
      readonly command: string
      readonly args: readonly string[]
      readonly env: Readonly<Record<string, string>>
      /** Answers HTTP when the process serves. @defaultValue not waited for */
      readonly ready: string | undefined
    }
)

/** The admin routes of `@seaworthy/ops` in the service. */
interface OpsSettings {
  /** For example `http://127.0.0.1:8080/admin/reliability`. */
  readonly url: string
  readonly token: string | undefined
  readonly tokenFile: string | undefined
}

/** All of it. */
export interface HttpServiceSettings {
  readonly name: string
  /** `{key}`, `{number}` and `{priority}` are filled in, in the body as well. */
  readonly url: string
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | undefined
  /** How long a user waits, in milliseconds. */
  readonly timeout: number
  readonly degradedWhen: DegradedWhen
  readonly connections: readonly TcpTargetSettings[]
  readonly processes: readonly ProcessTargetSettings[]
  readonly ops: OpsSettings | undefined
}

/** Reads it. Problems are collected by `fields`; undefined when it makes too little sense. */
export function readServiceSettings(fields: Fields): HttpServiceSettings | undefined {
  fields.known(['name', 'url', 'method', 'headers', 'body', 'timeout', 'degradedWhen', 'targets', 'ops'])
  const url = readUrl(fields, 'url', 'required')
  const body = fields.value('body')
  const targets = fields.groups('targets')
  const ids = targets.map((each) => each.text('id', 'required'))
  for (const [index, target] of targets.entries()) {
    target.known(['id', 'tcp', 'process'])
    if ((target.value('tcp') === undefined) === (target.value('process') === undefined))
      target.problem('tcp', 'or process must be given, and not both')
    if (ids.indexOf(ids[index]) < index) target.problem('id', `is taken: ${ids[index]}`)
  }
  if (targets.length === 0) fields.problem('targets', 'must name something that can be broken')
  const settings = {
    name: fields.text('name') ?? url ?? '',
    method: fields.text('method') ?? (body === undefined ? 'GET' : 'POST'),
    headers: fields.dictionary('headers') ?? {},
    body: body === undefined || typeof body === 'string' ? body : JSON.stringify(body),
    timeout: fields.duration('timeout') ?? 5000,
    degradedWhen: readDegraded(fields.group('degradedWhen')),
    connections: targets.flatMap((target, index) => readConnection(ids[index] ?? '', target.group('tcp'))),
    processes: targets.flatMap((target, index) => readProcess(ids[index] ?? '', target.group('process'))),
    ops: readOps(fields.group('ops')),
  }
  return url === undefined ? undefined : { ...settings, url }
}

function readUrl(fields: Fields, name: string, required?: 'required'): string | undefined {
  const text = fields.text(name, required)
  if (text === undefined || /^https?:\/\/[^/]/.test(text)) return text
  fields.problem(name, 'must be an address that begins with http:// or https://')
  return undefined
}

function readDegraded(fields: Fields | undefined): DegradedWhen {
  if (fields === undefined) return { header: 'x-degraded' }
  fields.known(['header', 'value', 'body'])
  const [header, value, body] = [fields.text('header'), fields.text('value'), fields.text('body')]
  return { ...(header && { header }), ...(value && { value }), ...(body && { body }) }
}

function readConnection(id: string, fields: Fields | undefined): TcpTargetSettings[] {
  if (fields === undefined) return []
  fields.known(['listen', 'to'])
  const listen = fields.count('listen', 1, 65_535)
  const to = fields.text('to', 'required')
  const [, host, port] = /^(.+):(\d{1,5})$/.exec(to ?? '') ?? []
  if (to !== undefined && host === undefined)
    fields.problem('to', 'must be host:port, for example 127.0.0.1:6379')
  return host === undefined ? [] : [{ id, listen, host, port: Number(port) }]
}

function readProcess(id: string, fields: Fields | undefined): ProcessTargetSettings[] {
  if (fields === undefined) return []
  fields.known(['pid', 'command', 'args', 'env', 'ready'])
  const pid = fields.count('pid')
  const command = fields.text('command')
  if ((pid === undefined) === (command === undefined)) {
    fields.problem('pid', 'or command must be given, and not both')
    return []
  }
  if (pid !== undefined) return [{ id, pid }]
  const [args = [], env = {}] = [fields.texts('args'), fields.dictionary('env')]
  return [{ id, command: command ?? '', args, env, ready: readUrl(fields, 'ready') }]
}

function readOps(fields: Fields | undefined): OpsSettings | undefined {
  if (fields === undefined) return undefined
  fields.known(['url', 'token', 'tokenFile'])
  const url = readUrl(fields, 'url', 'required')
  const [token, tokenFile] = [fields.text('token'), fields.text('tokenFile')]
  return url === undefined ? undefined : { url: url.replace(/\/$/, ''), token, tokenFile }
}
