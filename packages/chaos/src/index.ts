/**
 * Faults on purpose, under control.
 *
 * @module @seaworthy/chaos
 */
export { type CallTarget, type CallTargetOptions, callTarget } from './call-target.ts'
export { type ChaosSettings, chaosSettings } from './chaos-settings.ts'
export { type ClockTarget, type ClockTargetOptions, clockTarget } from './clock-target.ts'
export { chaosController } from './controller.ts'
export type { ChaosEvents, RecoveryOutcome } from './controller-events.ts'
export type {
  BlastRadius,
  ChaosControllerOptions,
  ErrorBudget,
  InjectRequest,
  RecoveryRules,
  TargetSelection,
} from './controller-options.ts'
export type {
  ChaosController,
  ChaosCounters,
  ChaosSnapshot,
  Injection,
  InjectionStatus,
  RunningSchedule,
} from './controller-types.ts'
export type { JsonSchema } from './description.ts'
export { ChaosRefusedError, type ExperimentProblem, InvalidExperimentError } from './errors.ts'
export type * from './experiment.ts'
export { experimentSchema } from './experiment-description.ts'
export {
  type ExpectationResult,
  type ExperimentJournal,
  type ExperimentStatus,
  experimentExitCodes,
  type JournalEntry,
  type Measurement,
  type MeasurementResult,
  type ProbeResult,
  type Surroundings,
  type Verdict,
} from './experiment-run.ts'
export type * from './fault.ts'
export { type RefusalReason, refusalReasons } from './gates.ts'
export { type InjectFaultEvents, type InjectFaultOptions, injectFault } from './inject-fault.ts'
export { isInjected } from './injected.ts'
export { type Intensity, type IntensityFigures, intensities } from './intensity.ts'
export { type ChaosLease, type MemoryLeaseOptions, memoryLease } from './lease.ts'
export type { InjectionPhase, RecoveryCause } from './ledger.ts'
export { parseExperiment } from './parse-experiment.ts'
export { parseFault } from './parse-fault.ts'
export { type ProcessControls, processTarget } from './process-target.ts'
export { type ResourceTargetOptions, resourceTarget } from './resource-target.ts'
export { runExperiment } from './run-experiment.ts'
export type { ExtensionScenarioId, RecoveryPattern, Scenario, ScenarioId } from './scenario.ts'
export { extensionScenarios, scenarioIds, scenarios } from './scenarios.ts'
export type { Overlap, Schedule, Window } from './schedule.ts'
export { type StoreTarget, storeTarget } from './store-target.ts'
export { swarm } from './swarm.ts'
export type { AffectedCall, AppliedFault, ChaosTarget, SkipReason, TargetInjection } from './target.ts'
export { type FaultProxy, type TcpTargetOptions, tcpTarget } from './tcp-target.ts'
