/** How full everything is that has a limit, and the plain facts of what else there is. */
import type { ComponentView } from '../../src/wire.ts'
import { make, panel, setAttribute, setHidden, setText } from '../dom.ts'
import { formatShare, formatWord } from '../model/format.ts'
import { saturationOf, saturationTone } from '../model/saturation.ts'
import type { Page, View } from '../page.ts'
import { table } from './table.ts'

/** More rows than this say nothing to anybody. */
const most = 100

export function limits({ model }: Page): View {
  const list = table<ComponentView>(
    'Limits and other components',
    [
      { label: 'Name', look: 'wide' },
      { label: 'Kind' },
      { label: 'In use', look: 'gauge' },
      { label: 'Figures', look: 'wide' },
    ],
    (element, [name, kind, use, facts]) => {
      const fill = make('span.fill')
      const gauge = make('span.bar', { 'aria-hidden': 'true' }, fill)
      const text = make('span')
      use.append(gauge, text)
      return (component) => {
        const { share, text: figures } = saturationOf(component)
        setText(name, component.name)
        setText(kind, formatWord(component.kind))
        setAttribute(element, 'data-tone', saturationTone(share))
        setHidden(gauge, share === undefined)
        const width = `${Math.round((share ?? 0) * 100)}%`
        if (fill.style.width !== width) fill.style.width = width
        setText(text, share === undefined ? '–' : formatShare(Math.round(share * 100) / 100))
        setText(facts, figures)
      }
    },
  )
  const count = make('p.quiet')
  const empty = make('p.empty', 'Nothing else with a name is in use.')
  panel('limits', 'Limits and other components', [count], list.element, empty)
  return {
    update() {
      // Not by how full they are: that changes all the time, and rows that jump cannot be read.
      const sorted = [...model.components.entries()]
        .filter(([, { kind }]) => kind !== 'upkeep')
        .sort(([, a], [, b]) => a.kind.localeCompare(b.kind) || a.name.localeCompare(b.name))
      setHidden(empty, sorted.length > 0)
      setText(count, sorted.length > most ? `${most} of ${sorted.length}` : '')
      list.update(new Map(sorted.slice(0, most)))
    },
  }
}
