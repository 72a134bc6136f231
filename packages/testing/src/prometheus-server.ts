import { randomUUID } from 'node:crypto'
import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { knownOptions } from '@seaworthy/core'
import { type LocalServer, startServer } from './local-server.ts'
import { exchange, loopback } from './loopback.ts'
import { findPrograms } from './server-programs.ts'

/** How {@link startPrometheus} runs the server. */
export interface PrometheusServerOptions {
  /** Its configuration, as in `prometheus.yml`: what it scrapes, and the files of its rules. */
  readonly configuration: string
}

/** A private Prometheus. Its `url` is that of its API, without a slash at the end. */
export type PrometheusServer = LocalServer

/**
 * Starts a Prometheus of our own on a free loopback port. It takes the program from `PATH`; where there is none, on Debian and as root, it
 * installs the package. It has no password; its path is random instead.
 *
 * @throws Error when there is no program, or when it does not start with this configuration.
 *
 * @example
 * ```ts
 * import { startPrometheus } from '@seaworthy/testing/servers'
 *
 * const configuration = `scrape_configs: [{ job_name: shop, static_configs: [{ targets: ['127.0.0.1:9464'] }] }]`
 * const prometheus = await startPrometheus({ configuration })
 * const answer = await fetch(`${prometheus.url}/api/v1/query?query=up`)
 * console.log((await answer.json()).status) // success
 * await prometheus.stop()
 * ```
 */
export async function startPrometheus(options: PrometheusServerOptions): Promise<PrometheusServer> {
  knownOptions('startPrometheus', options, ['configuration'])
  const [program = ''] = programs()
  const directory = await mkdtemp(join(tmpdir(), 'seaworthy-prometheus-'))
  const file = join(directory, 'prometheus.yml')
  await writeFile(file, options.configuration)
  const path = randomUUID()
  const url = (port: number): string => `http://${loopback}:${port}/${path}`
  return startServer({
    label: 'Prometheus',
    username: '',
    password: '',
    directory,
    signal: 'KILL',
    cleanSignal: 'SIGTERM',
    command: (port) => [
      program,
      `--config.file=${file}`,
      `--storage.tsdb.path=${join(directory, 'data')}`,
      `--web.listen-address=${loopback}:${port}`,
      `--web.external-url=${url(port)}`,
    ],
    url,
    ready: async (port) => {
      const reply = await exchange(port, `GET /${path}/-/ready HTTP/1.0\r\n\r\n`)
      return reply.toString().startsWith('HTTP/1.0 200')
    },
  })
}

/**
 * The path of `promtool`, which checks rules and metrics. Found and installed as for {@link startPrometheus}.
 *
 * @throws Error when there is none.
 */
export function promtool(): string {
  const [, tool = ''] = programs()
  return tool
}

function programs(): readonly string[] {
  return findPrograms({
    label: 'Prometheus',
    sets: [['prometheus', 'promtool']],
    debianPackage: 'prometheus',
    variable: 'PATH',
  })
}
