import type { IncomingMessage, ServerResponse } from 'node:http'
import { onAbort } from '@seaworthy/core'
import { type Answer, bodyOf, headersOf } from './answer.ts'
import { watchResponse } from './node-exchange.ts'
import type { Protection } from './protect.ts'
import type { Exchange } from './request.ts'
import type { Visit } from './visit.ts'

/** What is used of a context of Hono. */
export interface HonoContext {
  readonly req: {
    readonly method: string
    readonly path: string
    readonly raw: Request
    header(name: string): string | undefined
  }
  /** On Node, `@hono/node-server` puts the server's own objects here. */
  readonly env: unknown
  res: Response
  header(name: string, value: string): void
  body(data: string, init: { status: Answer['status']; headers: Record<string, string> }): Response
}

/**
 * Brings a protection into Hono: `app.use(honoMiddleware(protection))`, before the routes it is for. On Node, with `@hono/node-server`, it
 * watches the connection itself; elsewhere the signal of the request and the body of the response.
 */
export function honoMiddleware(
  protection: Protection,
): (context: HonoContext, next: () => Promise<void>) => Promise<Response | undefined> {
  return async (context, next) => {
    const { method, path } = context.req
    const route = protection.find(path, method, true)
    if (route === undefined) return next().then(() => undefined)
    return new Promise<Response | undefined>((resolve, reject) => {
      const exchange = new HonoExchange(context, resolve)
      const visit = protection.visit(route, exchange)
      const { outgoing } = exchange
      if (exchange.incoming !== undefined && outgoing !== undefined)
        watchResponse(visit, exchange.incoming, outgoing)
      visit.begin(() => {
        next().then(() => {
          exchange.open = false
          if (outgoing === undefined) watchBody(visit, context)
          resolve(undefined)
        }, reject)
      })
      if (outgoing === undefined) visit.onOver = onAbort(context.req.raw.signal, () => visit.gone())
    })
  }
}

class HonoExchange implements Exchange {
  readonly raw: Request
  readonly method: string
  readonly path: string
  readonly incoming: IncomingMessage | undefined
  readonly outgoing: ServerResponse | undefined
  /** Until the handlers are done. What they made then is the response, though nothing was sent. */
  open = true
  private readonly context: HonoContext
  private readonly respond: (response: Response | undefined) => void

  constructor(context: HonoContext, respond: (response: Response | undefined) => void) {
    const { incoming, outgoing } = nodeOf(context.env)
    this.context = context
    this.raw = context.req.raw
    this.method = context.req.method
    this.path = context.req.path
    this.incoming = incoming
    this.outgoing = outgoing
    this.respond = respond
  }

  get remoteAddress(): string | undefined {
    return this.incoming?.socket?.remoteAddress
  }

  header(name: string): string | undefined {
    return this.context.req.header(name)
  }

  setHeader(name: string, value: string): void {
    this.context.header(name, value)
  }

  close(answer: Answer | undefined): void {
    this.open = false
    if (answer === undefined) {
      this.respond(new Response(null, { status: 499 })) // For a client that is not there.
      return
    }
    const body = bodyOf(answer)
    this.respond(this.context.body(body, { status: answer.status, headers: headersOf(answer, body) }))
  }
}

interface NodeBindings {
  readonly incoming?: IncomingMessage
  readonly outgoing?: ServerResponse
}

/** The server's own objects, if this is `@hono/node-server`. Elsewhere `env` holds whatever the platform puts there. */
function nodeOf(env: unknown): NodeBindings {
  if (typeof env !== 'object' || env === null) return {}
  const { incoming, outgoing } = env as NodeBindings // Looked at before they are used.
  return typeof incoming?.once === 'function' && typeof outgoing?.once === 'function'
    ? { incoming, outgoing }
    : {}
}

/** The response is over when its body is. */
function watchBody(visit: Visit, context: HonoContext): void {
  const { res } = context
  const { body, status } = res
  if (body === null || status === 101) {
    visit.answered(status)
    return
  }
  const reader = body.getReader()
  const watched = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const { done, value } = await reader.read()
          if (!done) {
            controller.enqueue(value)
            return
          }
          controller.close()
          visit.answered(status)
        } catch (error) {
          controller.error(error)
          visit.threw(error, status)
        }
      },
      cancel(reason) {
        visit.gone()
        return reader.cancel(reason)
      },
    },
    { highWaterMark: 0 },
  )
  context.res = new Response(watched, res)
}
