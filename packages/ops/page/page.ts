/** What all parts of the page share. */
import type { Scope, TransitionEvent } from '../src/wire.ts'
import { type Api, ApiError } from './api.ts'
import { type Answer, ask, type Question } from './dialog.ts'
import { setAttribute } from './dom.ts'
import type { PageModel } from './model/page-model.ts'
import { note } from './notes.ts'

const scopes: readonly Scope[] = ['read', 'operate', 'override']
/** Those of a button whose work is under way. */
const states = ['aria-disabled', 'aria-busy']

/** A part of the page. Shows what the model says, now and whenever it has changed. */
export interface View {
  update(now: number): void
  /** Asks for what does not come with the stream: called when the stream begins. */
  load?(): unknown
  /** Called for each thing that happens. */
  told?(event: TransitionEvent): void
}

export class Page {
  readonly model: PageModel
  readonly api: Api
  /** Called when a view has something new to show that did not come from the stream. */
  readonly refresh: () => void

  constructor(model: PageModel, api: Api, refresh: () => void) {
    this.model = model
    this.api = api
    this.refresh = refresh
  }

  can(scope: Scope): boolean {
    const given = this.model.session?.scopes ?? []
    // Each includes those before it.
    return scopes.slice(scopes.indexOf(scope)).some((each) => given.includes(each))
  }

  /**
   * Asks, does it, and tells what became of it. Until then the button cannot be pressed again; what changed is seen when the stream says so.
   *
   * @returns Whether it was done.
   */
  async act(
    button: HTMLButtonElement,
    question: Question,
    run: (answer: Answer) => Promise<{ readonly message: string }>,
  ): Promise<boolean> {
    if (button.getAttribute('aria-disabled') === 'true') return false
    const answer = await ask(question)
    if (answer === undefined) return false
    // `disabled` would lose the focus.
    for (const state of states) setAttribute(button, state, 'true')
    try {
      note((await run(answer)).message)
      return true
    } catch (error) {
      note(error instanceof ApiError ? error.message : 'Something went wrong in this page.', true)
      if (!(error instanceof ApiError)) throw error
      return false
    } finally {
      for (const state of states) setAttribute(button, state, undefined)
    }
  }
}
