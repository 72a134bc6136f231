import type { Ops } from '@seaworthy/ops'

/** A context of Hono, by shape. */
export interface HonoContextLike {
  readonly req: { readonly raw: Request; text(): Promise<string> }
  readonly env: unknown
}

/** For Hono, on any platform: `app.use(honoOps(ops))`, also behind what reads the body. */
export function honoOps(
  ops: Ops,
): (context: HonoContextLike, next: () => Promise<void>) => Promise<Response | undefined> {
  return async ({ req, env }, next) => {
    if (!ops.match(new URL(req.raw.url).pathname)) {
      await next()
      return undefined
    }
    return ops.fetch(await unread(req), { remoteAddress: addressOf(env) })
  }
}

/** Hono remembers a body that somebody has read. */
async function unread(req: HonoContextLike['req']): Promise<Request> {
  const { raw } = req
  if (!raw.bodyUsed) return raw
  const { url, method, headers } = raw
  return new Request(url, { method, headers, body: await req.text() })
}

/** With `@hono/node-server`, the request of Node is in the environment. */
function addressOf(env: unknown): string | undefined {
  const { incoming } = (env ?? {}) as {
    readonly incoming?: { readonly socket?: { readonly remoteAddress?: string } }
  }
  return incoming?.socket?.remoteAddress
}
