/** All circuits, those first that need somebody. */
import type { CircuitView } from '../../src/wire.ts'
import { button, field, make, panel, Rows, search, setHidden, setText } from '../dom.ts'
import { plural } from '../model/format.ts'
import { arrange } from '../model/order.ts'
import { circuitId } from '../model/page-model.ts'
import { rank } from '../model/ranking.ts'
import type { Page, View } from '../page.ts'
import { read, write } from '../settings.ts'
import { type CircuitItem, circuitCard } from './circuit-card.ts'

/** More cards than this are shown when asked for. */
const most = 60

export function breakers(page: Page): View {
  const { model } = page
  const pinned = new Set(read('pinned'))
  let showAll = false
  let ids = 0

  const filter = search('Name', 'breaker-filter')
  const troubled = make('input', { type: 'checkbox', id: 'breaker-troubled' })
  const count = make('p.quiet', { id: 'breaker-count' })
  const grid = make('div.grid')
  const all = button('', () => {
    showAll = !showAll
    page.refresh()
  })
  const empty = make('p.empty')
  for (const control of [filter, troubled]) control.addEventListener('input', page.refresh)
  panel(
    'breakers',
    'Circuit breakers',
    [count, field('Filter', filter), make('label.check', troubled, 'Not closed only')],
    grid,
    empty,
    all,
  )

  const rows = new Rows<CircuitItem>(grid, (key) =>
    circuitCard(page, String(ids++), () => {
      if (!pinned.delete(key)) pinned.add(key)
      write('pinned', [...pinned].slice(-100))
      page.refresh()
    }),
  )
  const canHover = matchMedia('(hover: hover)')

  return {
    update(now) {
      const wanted = filter.value.trim().toLowerCase()
      const matching = [...model.circuits.values()].filter(
        (circuit) =>
          (!troubled.checked || circuit.state !== 'closed') &&
          `${circuit.name} ${circuit.key ?? ''}`.toLowerCase().includes(wanted),
      )
      const sorted = rank(matching.map(withTrouble), pinned)
      const byKey = new Map(sorted.map((circuit) => [circuitId(circuit), circuit]))
      const hold = grid.contains(document.activeElement) || (canHover.matches && grid.matches(':hover'))
      const order = arrange(rows.keys, [...byKey.keys()].slice(0, showAll ? undefined : most), hold)
      const items = new Map<string, CircuitItem>()
      for (const key of order) {
        const circuit = byKey.get(key)
        if (circuit !== undefined) items.set(key, { circuit, now, pinned: pinned.has(key) })
      }
      rows.update(items)

      const total = model.circuits.size
      setText(
        count,
        wanted === '' && !troubled.checked ? plural(total, 'circuit') : `${byKey.size} of ${total}`,
      )
      setText(empty, total === 0 ? 'No circuit breaker with a name is in use.' : 'None matches.')
      setHidden(empty, byKey.size > 0)
      setHidden(all, byKey.size <= most)
      setText(all, showAll ? `Show the first ${most}` : `Show all ${byKey.size}`)
    },
  }

  function withTrouble(circuit: CircuitView): { circuit: CircuitView; trouble: number; calls: number } {
    const { failures, rejections, calls } = model.series(circuit.name)?.summary(60) ?? {
      failures: circuit.failures,
      rejections: 0,
      calls: circuit.calls,
    }
    return { circuit, trouble: failures + rejections, calls }
  }
}
