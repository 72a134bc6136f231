/** Where and with what it was measured. */
import { readFileSync } from 'node:fs'
import os from 'node:os'
import { home } from './processes.ts'

interface Manifest {
  readonly version: string
  readonly devDependencies?: Record<string, string>
}

const manifest = (folder: string): Manifest => JSON.parse(readFileSync(`${folder}/package.json`, 'utf8'))

export function environment(runs: number, slices: number): Record<string, string> {
  const [cpu] = os.cpus()
  const peers = Object.keys(manifest(home).devDependencies ?? {})
  return {
    date: new Date().toISOString().slice(0, 10),
    node: `${process.version} (V8 ${process.versions.v8})`,
    system: `${os.type()} ${os.release()}, ${process.arch}`,
    processor: `${os.cpus().length} × ${cpu?.model.trim() ?? 'unknown'}`,
    load: `${os.loadavg()[0]?.toFixed(2)} when it began`,
    method: `median of ${runs} processes, each up to ${slices} slices of 2 ms`,
    versions: peers.map((name) => `${name} ${manifest(`${home}node_modules/${name}`).version}`).join(', '),
  }
}
