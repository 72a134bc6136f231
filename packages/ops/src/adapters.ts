/**
 * Brings the handler into servers. They are known by shape alone: nothing of a framework is imported.
 *
 * @module @seaworthy/ops/adapters
 */
export { type ExpressRequestLike, expressOps } from './adapters/express.ts'
export {
  type FastifyLike,
  type FastifyReplyLike,
  type FastifyRequestLike,
  fastifyOps,
} from './adapters/fastify.ts'
export { type HonoContextLike, honoOps } from './adapters/hono.ts'
export { type KoaContextLike, koaOps } from './adapters/koa.ts'
export { type NodeListener, nodeOps } from './adapters/node.ts'
