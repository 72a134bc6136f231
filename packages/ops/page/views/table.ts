/** Tables that become lists of cards where there is no room for columns. The roles keep them tables for those who listen. */
import { type Attributes, make } from '../dom.ts'

export interface Column {
  readonly label: string
  /** `number`, right-aligned; `wide`; `actions`. */
  readonly look?: string
  /** Heads a column of boxes or buttons: read out, but not shown. */
  readonly unseen?: boolean
}

export interface Table {
  readonly element: HTMLElement
  readonly body: HTMLElement
  /** A row with one cell for each column. */
  row(attributes?: Attributes): { readonly element: HTMLElement; readonly cells: readonly HTMLElement[] }
}

export function table(caption: string, columns: readonly Column[]): Table {
  const body = make('tbody', { role: 'rowgroup' })
  const head = columns.map(({ label, look, unseen }) =>
    make(
      'th',
      { role: 'columnheader', scope: 'col', class: look },
      unseen ? make('span', { class: 'unseen' }, label) : label,
    ),
  )
  const element = make(
    'table',
    { role: 'table' },
    make('caption', { class: 'unseen' }, caption),
    make('thead', { role: 'rowgroup' }, make('tr', { role: 'row' }, ...head)),
    body,
  )
  const row = (attributes: Attributes = {}): ReturnType<Table['row']> => {
    const cells = columns.map(({ label, look, unseen }) =>
      make('td', { role: 'cell', class: look, 'data-label': unseen ? undefined : label }),
    )
    return { element: make('tr', { role: 'row', ...attributes }, ...cells), cells }
  }
  return { element, body, row }
}
