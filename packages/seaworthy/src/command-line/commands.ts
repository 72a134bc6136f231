/** All commands, in the order of the help. */
import type { Command } from './command.ts'
import { dlqList, dlqShow } from './commands/dlq.ts'
import { dlqPurge, dlqRetry } from './commands/dlq-change.ts'
import { drillBreaker } from './commands/drill-breaker.ts'
import { drillCascade } from './commands/drill-cascade.ts'
import { drillExperiment } from './commands/drill-experiment.ts'
import { drillMemory } from './commands/drill-memory.ts'
import { drillReplay } from './commands/drill-replay.ts'
import { drillReport } from './commands/drill-report.ts'
import { drillRun } from './commands/drill-run.ts'
import { drillServe } from './commands/drill-serve.ts'
import { explain } from './commands/explain.ts'
import { journey } from './commands/journey.ts'

/** The table. */
export const commands: readonly Command[] = [
  drillRun,
  drillExperiment,
  drillCascade,
  drillBreaker,
  drillMemory,
  drillReplay,
  drillReport,
  drillServe,
  dlqList,
  dlqShow,
  dlqRetry,
  dlqPurge,
  journey,
  explain,
]
