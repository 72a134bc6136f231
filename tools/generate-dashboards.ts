/** `npm run generate:dashboards`: writes the dashboard and the alert rules of packages/telemetry. */
import { writeFileSync } from 'node:fs'
import { alertsYaml } from './dashboards/alerts.ts'
import { dashboardJson } from './dashboards/grafana.ts'
import { root } from './workspace.ts'

const folder = `${root}/packages/telemetry`

writeFileSync(`${folder}/prometheus/alerts.yml`, alertsYaml())
writeFileSync(`${folder}/grafana/seaworthy.json`, dashboardJson())
