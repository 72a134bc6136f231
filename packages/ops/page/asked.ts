/** An answer that is asked for now and then, because it does not come with the stream. */
import { ApiError } from './api.ts'

export class Asked<Answer> {
  answer: Answer | undefined = undefined
  /** Why there is no newer answer; empty if there is none to tell. */
  trouble = ''
  /** Whether the service says that it has no such thing. */
  missing = false
  readonly #ask: () => Promise<Answer>
  readonly #changed: () => void
  #loading = false
  #again = false

  constructor(ask: () => Promise<Answer>, changed: () => void) {
    this.#ask = ask
    this.#changed = changed
  }

  /** Asks. While it does, it is not asked twice, but once more afterwards. */
  async load(): Promise<void> {
    this.#again = this.#loading
    if (this.#loading) return
    this.#loading = true
    try {
      this.answer = await this.#ask()
      this.trouble = ''
    } catch (error) {
      this.missing = error instanceof ApiError && error.status === 404
      this.trouble = error instanceof ApiError ? error.message : 'This could not be read.'
    }
    this.#loading = false
    this.#changed()
    if (this.#again) await this.load()
  }
}
