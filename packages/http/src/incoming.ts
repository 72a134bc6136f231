/**
 * Protects the routes of a server: rate, concurrency, deadlines, load shedding and circuit breakers by path, for `node:http`,
 * Express, Fastify, Koa and Hono.
 *
 * @module @seaworthy/http/incoming
 */
export type { Answer, AnswerCode, AnswerTexts } from './incoming/answer.ts'
export { clientAddress } from './incoming/client-address.ts'
export { currentDeadline, currentRequest, type RequestContext } from './incoming/current-request.ts'
export type { IncomingEvent, IncomingEvents } from './incoming/events.ts'
export { type ExpressRequest, expressMiddleware } from './incoming/express.ts'
export {
  type FastifyHookLike,
  type FastifyLike,
  type FastifyReplyLike,
  type FastifyRequestLike,
  fastifyPlugin,
} from './incoming/fastify.ts'
export { type HonoContext, honoMiddleware } from './incoming/hono.ts'
export { type KoaContext, koaMiddleware } from './incoming/koa.ts'
export {
  type NodeHandlerOptions,
  type NodeRequestHandler,
  type NodeUpgradeHandler,
  nodeHandler,
  nodeUpgrade,
} from './incoming/node.ts'
export type { Located } from './incoming/paths.ts'
export type { Priority } from './incoming/priority.ts'
export { type Protection, type ProtectionSnapshot, type ProtectOptions, protect } from './incoming/protect.ts'
export type { Exchange, IncomingRequest } from './incoming/request.ts'
export type { ClassifyRequest, IncomingRule, RequestEnd, Route } from './incoming/rules.ts'
export type { SheddingOptions } from './incoming/shedding.ts'
export type { TimeLimit, TimeLimitOptions } from './incoming/time-limit.ts'
export type { Visit, VisitHost } from './incoming/visit.ts'
export {
  AmbiguousPathError,
  ClientDisconnectedError,
  RequestDeadlineError,
  RequestFailedError,
  type RequestFailedOptions,
  RequestShedError,
} from './incoming-errors.ts'
