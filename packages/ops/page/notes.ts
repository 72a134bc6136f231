/** Short notes on what became of an action. Failures stay until they are dismissed. */
import { button, byId, make } from './dom.ts'

const shown = 8000
const most = 3

export function note(text: string, failed = false): void {
  const list = byId('notes')
  const made = make('div', { class: failed ? 'note bad' : 'note', role: failed ? 'alert' : 'status' })
  const dismiss = button('×', () => made.remove(), { 'aria-label': 'Dismiss' })
  list.append(made)
  // Set after it is in the page, or it may not be read out.
  made.append(make('p', text), dismiss)
  while (list.childElementCount > most) list.firstElementChild?.remove()
  if (!failed) setTimeout(() => made.remove(), shown)
}
