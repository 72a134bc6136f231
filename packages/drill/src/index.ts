/**
 * An honest verdict on a service under adverse conditions.
 *
 * @module @seaworthy/drill
 */

export type { Transition } from './breakers/bench.ts'
export { type TransitionCoverage, transitionCoverage } from './breakers/coverage.ts'
export {
  type BreakerChange,
  type BreakerFactory,
  type BreakerPermit,
  type BreakerSetup,
  type BreakerUnderTest,
  breakerOptions,
} from './breakers/port.ts'
export { type BreakerTestId, breakerTestIds } from './breakers/scenario.ts'
export {
  type BreakerReport,
  type BreakerTestResult,
  type TestBreakerOptions,
  testBreaker,
} from './breakers/test-breaker.ts'
export { type CascadeId, cascadeIds } from './cascades/cascade.ts'
export type { CascadeReport } from './cascades/figures.ts'
export type { Defence, HopBreaker, HopBulkhead, HopSettings } from './cascades/hop-settings.ts'
export { type DefencePolicies, realPolicies } from './cascades/policies.ts'
export { readTopology } from './cascades/read-topology.ts'
export { type RecommendedDefence, recommendDefence } from './cascades/recommend-defence.ts'
export { type CascadeResult, type RunCascadeOptions, runCascade } from './cascades/run-cascade.ts'
export { type RunSoakOptions, runSoak, type SoakResult } from './cascades/soak.ts'
export type { CascadeMetric } from './cascades/stage.ts'
export type { Episode, SwarmFault } from './cascades/swarm.ts'
export type { CircuitChange, LevelChange } from './cascades/system.ts'
export {
  defaultTopology,
  type Edge,
  type GraphNode,
  type Topology,
  type TopologyCall,
  type TopologyFile,
  type TopologyNode,
} from './cascades/topology.ts'
export {
  type ControlProblem,
  DrillControlError,
  type DrillControlErrorCode,
} from './control/control-error.ts'
export type { DrillControl } from './control/control-interface.ts'
export type {
  BreakerSubject,
  ControlLimits,
  DrillControlOptions,
  MemorySubject,
} from './control/control-options.ts'
export type * from './control/control-views.ts'
export { drillControl } from './control/drill-control.ts'
export type { Caller } from './control/repeats.ts'
export {
  type DrillEvent,
  type DrillFact,
  type Ending,
  type EndingCounts,
  type MeasuredOn,
  type PhaseName,
  phases,
  type TrafficFact,
} from './events.ts'
export { type ChildConversation, childProcess, converse, serveMemory } from './memory/child-process.ts'
export type { CriticalMemory } from './memory/critical.ts'
export type { FloorEvidence } from './memory/floor.ts'
export {
  type AnyClass,
  abortListenerCounts,
  type CountChange,
  type Counts,
  changedCounts,
  instanceCounts,
  resourceCounts,
} from './memory/gauges.ts'
export {
  type MemoryMonitor,
  type MemoryReport,
  type MemoryStatus,
  type MonitorOverhead,
  memoryMonitor,
} from './memory/monitor.ts'
export {
  type MemoryMonitorConfig,
  type MemoryMonitorOptions,
  memoryMonitorOptions,
} from './memory/monitor-options.ts'
export {
  type AccountObjectsOptions,
  type Accumulation,
  accountObjects,
  type ObjectAccounts,
} from './memory/object-accounting.ts'
export { type OtherProcessOptions, otherProcess } from './memory/other-process.ts'
export type { LeakPattern } from './memory/pattern.ts'
export type { MemoryPoint } from './memory/points.ts'
export { type SoakOptions, type SoakReport, soakChild } from './memory/soak-child.ts'
export { type SoakSubject, soakProgram } from './memory/soak-program.ts'
export type { MemoryLimits, MemoryReading, MemorySource } from './memory/source.ts'
export { type ThisProcessOptions, thisProcess } from './memory/this-process.ts'
export {
  type JudgeMemoryOptions,
  judgeMemory,
  type MemoryFinding,
  type MemorySignal,
  type MemoryVerdict,
} from './memory/verdict.ts'
export { criteriaOf } from './report/criteria.ts'
export type { Criterion } from './report/criterion.ts'
export type { ReportEnvironment } from './report/environment.ts'
export { type Figures, figuresOf, type InjectionFigures, type TrafficFigures } from './report/figures.ts'
export { type CriteriaLimits, standardLimits } from './report/limits.ts'
export { reportPage } from './report/page.ts'
export type { Recommendation } from './report/recommendations.ts'
export { type DrillReport, exitCodeOf, type ReportContext, reportOf } from './report/report.ts'
export { formatReport } from './report/text.ts'
export { drill } from './run/drill.ts'
export { latencyOfBucket } from './run/latency.ts'
export type { CascadePart, DrillOptions, MemoryPart } from './run/options.ts'
export { type Course, type DrillProfile, type ProfileName, profiles, soak } from './run/profiles.ts'
export { sampleConnection } from './sample/sample-connection.ts'
export { sampleService } from './sample/sample-service.ts'
export { sampleSoak } from './sample/sample-soak.ts'
export type { Answer, DrillRequest, DrillService, Priority, RunningService } from './service.ts'
export { RealTimeError, SimulatedFailure } from './simulation/errors.ts'
export { canonicalJson, EventHash } from './simulation/event-hash.ts'
export { SimulatedLink, type SimulatedLinkOptions } from './simulation/link.ts'
export {
  type ClientLoadOptions,
  clientLoad,
  type PoissonLoadOptions,
  poissonLoad,
} from './simulation/load.ts'
export {
  type NodeFault,
  SimulatedNode,
  type SimulatedNodeOptions,
} from './simulation/node.ts'
export { type ServiceTime, type TimeLaw, timeLaw } from './simulation/service-time.ts'
export {
  type Simulated,
  type SimulatedWorld,
  type SimulationOptions,
  simulate,
} from './simulation/simulate.ts'
export { hamedRaoFactor, mannKendall, type TrendTest } from './statistics/mann-kendall.ts'
export { median, quantile } from './statistics/order.ts'
export { quantileInterval } from './statistics/percentiles.ts'
export {
  type Interval,
  rateAtLeast,
  rateAtMost,
  statisticallySupported,
  wilsonInterval,
} from './statistics/proportions.ts'
export type { CurveFit, Fit, Shapes, StepFit, WaveFit } from './statistics/shapes.ts'
export { type Sample, slopeBounds, type TheilSen, theilSen } from './statistics/theil-sen.ts'
export type { World } from './world.ts'
