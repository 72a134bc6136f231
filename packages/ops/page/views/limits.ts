/** How full everything is that has a limit, and the plain facts of what else there is. */
import type { ComponentView } from '../../src/wire.ts'
import { byId, make, Rows, setAttribute, setHidden, setText } from '../dom.ts'
import { formatShare, formatWord } from '../model/format.ts'
import { saturationOf, saturationTone } from '../model/saturation.ts'
import type { Page, View } from '../page.ts'
import { table } from './table.ts'

/** More rows than this say nothing to anybody. */
const most = 100

export function limits({ model }: Page): View {
  const list = table('Limits and other components', [
    { label: 'Name', look: 'wide' },
    { label: 'Kind' },
    { label: 'In use', look: 'gauge' },
    { label: 'Figures', look: 'wide' },
  ])
  const count = make('p', { class: 'quiet' })
  const empty = make('p', { class: 'empty' }, 'Nothing else with a name is in use.')
  byId('limits').append(
    make(
      'div',
      { class: 'panel-head' },
      make('h2', { id: 'limits-title' }, 'Limits and other components'),
      count,
    ),
    list.element,
    empty,
  )
  const rows = new Rows<ComponentView>(list.body, () => {
    const { element, cells } = list.row()
    const [name, kind, use, facts] = cells as [HTMLElement, HTMLElement, HTMLElement, HTMLElement]
    const fill = make('span', { class: 'fill' })
    const gauge = make('span', { class: 'bar', 'aria-hidden': 'true' }, fill)
    const share = make('span')
    use.append(gauge, share)
    return {
      element,
      update(component) {
        const saturation = saturationOf(component)
        setText(name, component.name)
        setText(kind, formatWord(component.kind))
        setAttribute(element, 'data-tone', saturationTone(saturation.share))
        setHidden(gauge, saturation.share === undefined)
        const width = `${Math.round((saturation.share ?? 0) * 100)}%`
        if (fill.style.width !== width) fill.style.width = width
        setText(
          share,
          saturation.share === undefined ? 'no limit' : formatShare(Math.round(saturation.share * 100) / 100),
        )
        setText(facts, saturation.text)
      },
    }
  })
  return {
    update() {
      // Not by how full they are: that changes all the time, and rows that jump cannot be read.
      const sorted = [...model.components.entries()].sort(
        ([, a], [, b]) => a.kind.localeCompare(b.kind) || a.name.localeCompare(b.name),
      )
      setHidden(list.element, sorted.length === 0)
      setHidden(empty, sorted.length > 0)
      setText(count, sorted.length > most ? `${most} of ${sorted.length}` : '')
      rows.update(new Map(sorted.slice(0, most)))
    },
  }
}
