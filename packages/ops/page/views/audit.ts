/** Who has done what. */
import type { AuditAnswer, AuditEntryView } from '../../src/wire.ts'
import { byId, make, Rows, setAttribute, setHidden, setText } from '../dom.ts'
import { formatClock, formatWord } from '../model/format.ts'
import type { Page, View } from '../page.ts'
import { table } from './table.ts'

const most = 100

export interface AuditPart extends View {
  /** Reads it anew. */
  load(): void
}

export function audit(page: Page): AuditPart {
  let entries: readonly AuditEntryView[] = []
  let trouble = ''
  let loading = false
  let again = false
  const list = table('What operators have done', [
    { label: 'Time' },
    { label: 'Who' },
    { label: 'Action', look: 'wide' },
    { label: 'Outcome' },
  ])
  const empty = make('p', { class: 'empty' })
  byId('audit').append(
    make('div', { class: 'panel-head' }, make('h2', { id: 'audit-title' }, 'Audit')),
    make(
      'div',
      { class: 'scroll', tabindex: 0, role: 'group', 'aria-labelledby': 'audit-title' },
      list.element,
    ),
    empty,
  )
  const rows = new Rows<AuditEntryView>(list.body, () => {
    const { element, cells } = list.row()
    const [time, who, action, outcome] = cells as [HTMLElement, HTMLElement, HTMLElement, HTMLElement]
    const what = make('span', { class: 'name' })
    const more = make('span', { class: 'about' })
    action.append(what, more)
    return {
      element,
      update(entry) {
        setText(time, formatClock(entry.time))
        setText(who, entry.actor)
        setText(what, `${entry.action} ${entry.target}`)
        const change =
          entry.before !== undefined && entry.after !== undefined ? `${entry.before} → ${entry.after}` : ''
        setText(more, [change, entry.reason].filter(Boolean).join(' · '))
        setText(outcome, `${formatWord(entry.outcome)}${entry.code === undefined ? '' : ` (${entry.code})`}`)
        setAttribute(element, 'data-tone', entry.outcome === 'ok' ? undefined : 'bad')
      },
    }
  })
  async function load(): Promise<void> {
    if (loading) {
      again = true
      return
    }
    loading = true
    try {
      ;({ entries } = await page.api.get<AuditAnswer>('audit', { limit: most }))
      trouble = ''
    } catch {
      trouble = 'The audit could not be read.'
    }
    loading = false
    page.refresh()
    if (!again) return
    again = false
    void load()
  }
  return {
    load: () => void load(),
    update() {
      setText(empty, trouble || 'Nobody has done anything yet.')
      setHidden(empty, entries.length > 0 && trouble === '')
      setHidden(list.element, entries.length === 0)
      rows.update(new Map(entries.map((entry) => [String(entry.id), entry])))
    },
  }
}
