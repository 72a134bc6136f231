/** Asks before anything is done, and says to what, and what will happen. */
import { button, make } from './dom.ts'

export interface Question {
  /** What is done to what: `Reset payments?` */
  readonly title: string
  /** What will happen. */
  readonly effect: string
  /** What the button says: `Reset`. */
  readonly verb: string
  readonly danger?: boolean
  /** Whether a reason is asked for, and whether there must be one. Goes to the audit. */
  readonly reason?: 'optional' | 'required'
  /** Something that may be chosen besides. */
  readonly choice?: string
}

export interface Answer {
  readonly reason?: string
  /** Whether the choice was made, where there was one. */
  readonly chosen: boolean
}

/** What was answered; undefined if the reader has changed their mind. */
export function ask({ title, effect, verb, danger, reason, choice }: Question): Promise<Answer | undefined> {
  const input = make('input', {
    id: 'dialog-reason',
    type: 'text',
    maxlength: 200,
    required: reason === 'required',
    autocomplete: 'off',
  })
  const label = make(
    'label',
    { for: 'dialog-reason' },
    `Reason${reason === 'required' ? '' : ' (optional)'}, for the audit`,
  )
  const box = make('input', { type: 'checkbox' })
  const cancel = button('Cancel', () => dialog.close())
  const confirm = make('button', { type: 'submit', class: danger ? 'danger' : 'primary' }, verb)
  const form = make(
    'form',
    make('h2', { id: 'dialog-title' }, title),
    make('p', { id: 'dialog-effect' }, effect),
    ...(reason === undefined ? [] : [label, input]),
    ...(choice === undefined ? [] : [make('label.check', box, choice)]),
    make('div.buttons', cancel, confirm),
  )
  const dialog = show(form)
  return new Promise((resolve) => {
    let answer: Answer | undefined
    form.addEventListener('submit', (event) => {
      event.preventDefault()
      const given = input.value.trim()
      if (reason === 'required' && given === '') return input.focus()
      answer = { chosen: box.checked, ...(given !== '' && { reason: given }) }
      dialog.close()
    })
    dialog.addEventListener('close', () => resolve(answer))
    // What can be undone is one key away; what cannot is not.
    if (reason === 'required') input.focus()
    else if (danger) cancel.focus()
    else confirm.focus()
  })
}

/** Opens a dialog with a heading `dialog-title`. The focus goes back to where it was once it is closed. */
export function show(content: HTMLElement, wide = false): HTMLDialogElement {
  const dialog = make(
    'dialog',
    {
      class: wide ? 'wide' : undefined,
      'aria-labelledby': 'dialog-title',
      'aria-describedby': 'dialog-effect',
    },
    content,
  )
  const before = document.activeElement
  dialog.addEventListener('close', () => {
    dialog.remove()
    if (before instanceof HTMLElement && before.isConnected) before.focus({ preventScroll: true })
  })
  document.body.append(dialog)
  dialog.showModal()
  return dialog
}
