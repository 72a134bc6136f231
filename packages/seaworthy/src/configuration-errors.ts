/** The error that lists everything that is wrong with a configuration. */
import { SeaworthyError } from '@seaworthy/core'
import type { ConfigurationProblem } from './configuration/layer.ts'

const mostShown = 50

/** A configuration that makes no sense. It lists all problems, not the first alone; no secret is in it. */
export class InvalidConfigurationError extends SeaworthyError {
  override name = 'InvalidConfigurationError'
  /** All that is wrong. */
  readonly problems: readonly ConfigurationProblem[]

  constructor(problems: readonly ConfigurationProblem[]) {
    super('ERR_INVALID_CONFIGURATION', textOf(problems), { failureClass: 'fatal', stack: true })
    this.problems = problems
  }
}

function textOf(problems: readonly ConfigurationProblem[]): string {
  const lines = problems
    .slice(0, mostShown)
    .map(({ path, source, message }) => `- ${path === '' ? source : `${path} (${source})`} ${message}`)
  const more = problems.length - lines.length
  const all = problems.length === 1 ? 'one problem' : `${problems.length} problems`
  return [`the configuration has ${all}:`, ...lines, ...(more > 0 ? [`- and ${more} more`] : [])].join('\n')
}
