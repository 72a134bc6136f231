/** `GET /metrics`. */
import { text } from '../http/answers.ts'
import { Fault, notFound } from '../http/fault.ts'
import type { Route } from '../http/router.ts'
import type { OpsSettings } from '../options.ts'

/** The route for Prometheus: for everybody, as is usual inside a cluster, unless the options say otherwise. */
export function metricsRoutes({ basePath, metrics, protectMetrics }: OpsSettings): Route[] {
  const handle = async (): Promise<Response> => {
    if (metrics === undefined) throw notFound('source of metrics')
    try {
      return text(await metrics.metrics(), metrics.contentType)
    } catch {
      throw new Fault(500, 'metrics_failed', 'The metrics cannot be collected at the moment.')
    }
  }
  return [{ method: 'GET', path: `${basePath}/metrics`, access: protectMetrics ? 'read' : 'public', handle }]
}
