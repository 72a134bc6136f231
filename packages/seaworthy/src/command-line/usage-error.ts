/** What users can mend themselves: exit code 64, and no stack trace. */

/** Something that was typed or written makes no sense. Lists all that is wrong. */
export class UsageError extends Error {
  override name = 'UsageError'
  readonly problems: readonly string[]

  /** @param about - What the problems are about, for example the path of a file. */
  constructor(about: string, problems: readonly string[]) {
    super(
      problems.length === 1
        ? `${about}: ${problems[0]}`
        : `${about}:${problems.map((each) => `\n- ${each}`).join('')}`,
    )
    this.problems = problems
  }
}
