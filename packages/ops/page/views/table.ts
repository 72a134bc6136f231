/** Tables that become lists of cards where there is no room for columns. The roles keep them tables for those who listen. */
import { make, type Row, Rows, setHidden } from '../dom.ts'

export interface Column {
  readonly label: string
  /** `number`, right-aligned; `wide`; `actions`. */
  readonly look?: string
  /** Heads a column of boxes or buttons: read out, but not shown. */
  readonly unseen?: boolean
}

type Cells = readonly [
  HTMLElement,
  HTMLElement,
  HTMLElement,
  HTMLElement,
  HTMLElement,
  HTMLElement,
  HTMLElement,
]

export interface Table<Item> {
  readonly element: HTMLElement
  /** The keys of the rows as they stand. */
  readonly keys: readonly string[]
  readonly rows: HTMLCollection
  /** Shows these rows, by key; hidden without any. */
  update(items: ReadonlyMap<string, Item>): void
}

/**
 * @param fill - Puts into the cells of a new row what stays there, and returns what shows an item in them. There are as many cells as columns.
 */
export function table<Item>(
  caption: string,
  columns: readonly Column[],
  fill: (row: HTMLElement, cells: Cells, key: string) => (item: Item) => void,
): Table<Item> {
  const body = make('tbody', { role: 'rowgroup' })
  const head = columns.map(({ label, look, unseen }) =>
    make(
      'th',
      { role: 'columnheader', scope: 'col', class: look },
      unseen ? make('span.unseen', label) : label,
    ),
  )
  const element = make(
    'table',
    { role: 'table' },
    make('caption.unseen', caption),
    make('thead', { role: 'rowgroup' }, make('tr', { role: 'row' }, ...head)),
    body,
  )
  const rows = new Rows<Item>(body, (key): Row<Item> => {
    const cells = columns.map(({ label, look, unseen }) =>
      make('td', { role: 'cell', class: look, 'data-label': unseen ? undefined : label }),
    )
    const row = make('tr', { role: 'row' }, ...cells)
    // Whoever fills it has named the columns, and uses no more cells than those.
    return { element: row, update: fill(row, cells as unknown as Cells, key) }
  })
  return {
    element,
    rows: body.children,
    get keys() {
      return rows.keys
    },
    update(items) {
      setHidden(element, items.size === 0)
      rows.update(items)
    },
  }
}
