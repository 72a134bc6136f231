/**
 * Real servers that a test owns, to be killed, hung and restarted, and a network between them and their clients that breaks
 * on demand.
 *
 * @module @seaworthy/testing/servers
 */

export type { EndingSignal, LocalServer } from './local-server.ts'
export {
  type PostgresOptions,
  type PostgresServer,
  postgresForTests,
  startPostgres,
} from './postgres-server.ts'
export {
  type PrometheusServer,
  type PrometheusServerOptions,
  promtool,
  startPrometheus,
} from './prometheus-server.ts'
export { type RedisOptions, type RedisServer, redisForTests, startRedis } from './redis-server.ts'
export type { ServerAddress } from './server-address.ts'
export {
  type TcpDirection,
  type TcpProxy,
  type TcpProxyCounters,
  type TcpProxyOptions,
  tcpProxy,
} from './tcp-proxy.ts'
