/** Which route a request is for. Routes are found whole, segment by segment: nothing is allowed or refused by a prefix. */
import type { Scope } from '../wire.ts'
import { badInput } from './fault.ts'
import type { OpsRequest } from './request.ts'

/** `public`: everybody. `details`: everybody, and more for those with permission. Otherwise the scope that is needed, or any of several. */
type Access = 'public' | 'details' | Scope | readonly Scope[]

/** One route. */
export interface Route {
  readonly method: 'GET' | 'POST' | 'DELETE'
  /** For example `/admin/reliability/circuit-breakers/{name}/reset`. */
  readonly path: string
  readonly access: Access
  /** What it is called in the audit; only routes that change something, or show what is secret, have one. */
  readonly action?: string
  /** Whether it sets its own time limits. */
  readonly unlimited?: boolean
  handle(request: OpsRequest): Response | Promise<Response>
}

/** The routes of one path. */
export interface Match {
  readonly routes: ReadonlyMap<string, Route>
  /** The `{parts}` of the path, decoded once. */
  readonly params: Readonly<Record<string, string>>
}

interface Entry {
  readonly segments: readonly string[]
  readonly routes: Map<string, Route>
}

export class Router {
  readonly #entries: Entry[] = []

  constructor(routes: readonly Route[]) {
    const byPath = new Map<string, Map<string, Route>>()
    for (const route of routes) {
      const same = byPath.get(route.path) ?? new Map<string, Route>()
      byPath.set(route.path, same)
      same.set(route.method, route)
      if (route.method === 'GET') same.set('HEAD', route)
    }
    for (const [path, same] of byPath) this.#entries.push({ segments: segmentsOf(path), routes: same })
  }

  /** The routes of a path, or undefined. @throws Fault when the path is not well encoded. */
  find(pathname: string): Match | undefined {
    const segments = segmentsOf(pathname)
    const entry = this.#entries.find((each) => fits(each.segments, segments))
    return entry && { routes: entry.routes, params: paramsOf(entry.segments, segments) }
  }
}

/** A slash at the end changes nothing. */
function segmentsOf(path: string): string[] {
  return path.replace(/\/+$/, '').split('/').slice(1)
}

const isParam = (segment: string): boolean => segment.startsWith('{')

function fits(pattern: readonly string[], segments: readonly string[]): boolean {
  return (
    pattern.length === segments.length &&
    pattern.every((each, i) => each === segments[i] || (isParam(each) && segments[i] !== ''))
  )
}

function paramsOf(pattern: readonly string[], segments: readonly string[]): Record<string, string> {
  const params: Record<string, string> = {}
  pattern.forEach((each, i) => {
    if (isParam(each)) params[each.slice(1, -1)] = decoded(segments[i] as string)
  })
  return params
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    throw badInput('The path is not well encoded.')
  }
}
