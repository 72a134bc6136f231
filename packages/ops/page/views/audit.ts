/** Who has done what. */
import type { AuditAnswer, AuditEntryView } from '../../src/wire.ts'
import { Asked } from '../asked.ts'
import { make, panel, setAttribute, setHidden, setText } from '../dom.ts'
import { formatClock, formatWord } from '../model/format.ts'
import type { Page, View } from '../page.ts'
import { table } from './table.ts'

const most = 100

export function audit({ api, refresh }: Page): View {
  const asked = new Asked(() => api.get<AuditAnswer>('audit', { limit: most }), refresh)
  const list = table<AuditEntryView>(
    'What operators have done',
    [{ label: 'Time' }, { label: 'Who' }, { label: 'Action', look: 'wide' }, { label: 'Outcome' }],
    (_, [time, who, action, outcome]) => {
      const what = make('span.name')
      const more = make('span.about')
      action.append(what, more)
      return (entry) => {
        const { before, after, code, target } = entry
        setText(time, formatClock(entry.time))
        setText(who, entry.actor)
        setText(what, `${entry.action} ${target}`)
        const change = before !== undefined && after !== undefined ? `${before} → ${after}` : ''
        setText(more, [change, entry.reason].filter(Boolean).join(' · '))
        setText(outcome, `${formatWord(entry.outcome)}${code === undefined ? '' : ` (${code})`}`)
        setAttribute(outcome, 'data-tone', entry.outcome === 'ok' ? undefined : 'bad')
      }
    },
  )
  const empty = make('p.empty')
  panel(
    'audit',
    'Audit',
    [],
    make('div.scroll', { tabindex: 0, role: 'group', 'aria-labelledby': 'audit-title' }, list.element),
    empty,
  ).classList.add('half')
  return {
    load: () => asked.load(),
    told({ kind }) {
      if (kind === 'ops') void asked.load()
    },
    update() {
      const { entries = [] } = asked.answer ?? {}
      setText(empty, asked.trouble || 'Nobody has done anything yet.')
      setHidden(empty, entries.length > 0 && asked.trouble === '')
      list.update(new Map(entries.map((entry) => [String(entry.id), entry])))
    },
  }
}
