/** What can be asked of control of drills. */
import type {
  BreakerTestsView,
  CascadeTestsView,
  ChaosView,
  CleanupView,
  ControlView,
  InjectionView,
  MemoryHistoryView,
  MemoryView,
  TestReportView,
  TestView,
} from './control-views.ts'
import type { Caller } from './repeats.ts'

/**
 * Starts, shows and stops chaos, memory monitors and complete tests. Requests and answers are plain data, so that a server has little to add.
 *
 * Every method throws, or rejects with, a `DrillControlError`. What starts something takes an idempotency key: the same request with the
 * same key is carried out once.
 */
export interface DrillControl {
  /** Starts a chaos service: `{ timeout_probability, valuation_exception_rate, latency_spike_probability, auto_recovery, max_concurrent_chaos }`, all optional. One runs at a time. */
  startChaos(body?: unknown, caller?: Caller): Promise<ChaosView>
  /**
   * Breaks something: `{ scenario, target_service, duration, probability?, recovery? }`, with the duration in seconds or as a text with a unit.
   *
   * @returns The injection, once its faults are in place: the next call is hit.
   */
  inject(id: string, body: unknown, caller?: Caller): Promise<InjectionView>
  chaos(id: string): ChaosView
  /** Ends all injections of a service; their faults are gone when it returns. Nothing happens the second time. */
  stopChaos(id: string): ChaosView
  /** Starts a memory monitor, with the fields of `MemoryMonitorConfig`. */
  startMemory(body?: unknown, caller?: Caller): Promise<MemoryView>
  memory(id: string): MemoryView
  /** @param hours - Of the last so many hours. @defaultValue all */
  memoryHistory(id: string, hours?: number): MemoryHistoryView
  stopMemory(id: string): MemoryView
  /** Runs the seven tests of a circuit breaker, in virtual time. @param name - One of `breakers`. @defaultValue `'test_circuit'` */
  testBreaker(name?: string, caller?: Caller): Promise<BreakerTestsView>
  /**
   * Runs the cascades over a graph of services with and without its defence, in virtual time.
   *
   * @param topology - In its short or its long form. @defaultValue the default topology
   * @param only - Which of `CF1` to `CF5`. @defaultValue all
   */
  testCascades(topology?: unknown, only?: unknown, caller?: Caller): Promise<CascadeTestsView>
  /**
   * Starts a complete test in the background: `{ total_duration_hours or profile, seed, enable_…, chaos_intensity, … }`, all optional.
   */
  startTest(body?: unknown, caller?: Caller): Promise<TestView>
  test(id: string): TestView
  testReport(id: string, options?: { readonly partial?: boolean; readonly events?: boolean }): TestReportView
  /** Ends a test in order. It goes on for as long as it takes to mend everything, and has a report. */
  stopTest(id: string): TestView
  /** All complete tests that are remembered, the newest first. */
  tests(): readonly TestView[]
  status(): ControlView
  /**
   * The emergency stop: kills all chaos, interrupts all tests, stops all monitors. All faults of injections that can be taken away at once are gone when it returns, and
   * calls that hung are let go. Called any number of times.
   */
  cleanup(): CleanupView
  /** The same, and waits until the tests are over. It can be used no more then. */
  close(): Promise<void>
  /** Exact sizes: what runs, and `faults` in place. All 0 after `close()`. */
  debugStats(): Record<string, number>
}
