/**
 * The few things the page does with the document. Elements are made once and then changed in place, and only where something differs, so
 * that focus, selection and scroll positions survive every update. Whatever comes from the server is set as text, never as markup.
 */

export type Attributes = Readonly<Record<string, string | number | boolean | undefined>>
type Child = Node | string

type Tag = keyof HTMLElementTagNameMap

/**
 * Makes an element.
 *
 * @param what - Its tag; after a dot, its classes.
 * @param parts - Its children, and its attributes: one that is `true` is there without a value; one that is `false` or undefined is not there.
 */
export function make<K extends Tag>(
  what: K | `${K}.${string}`,
  ...parts: readonly (Attributes | Child)[]
): HTMLElementTagNameMap[K] {
  const [tag, look] = what.split('.') as [K, string?]
  const made = document.createElement(tag)
  if (look !== undefined) made.className = look
  for (const part of parts) {
    if (typeof part === 'string' || part instanceof Node) made.append(part)
    else for (const [name, value] of Object.entries(part)) setAttribute(made, name, value)
  }
  return made
}

/** Makes a button that does something. */
export function button(
  label: string,
  act: () => unknown,
  ...parts: readonly (Attributes | Child)[]
): HTMLButtonElement {
  const made = make('button', { type: 'button' }, label, ...parts)
  made.addEventListener('click', act)
  return made
}

/** Makes a control with its label beside it. */
export function field(
  label: string,
  control: HTMLElement,
  look: 'field' | 'field wide' = 'field',
): HTMLElement {
  return make(`label.${look}`, make('span', label), control)
}

/** Makes a field for a search. */
export function search(placeholder: string, id: string): HTMLInputElement {
  return make('input', { type: 'search', autocomplete: 'off', placeholder, id })
}

/** Makes a choice. @param options - Values and labels. */
export function choice(id: string, ...options: readonly (readonly [string, string])[]): HTMLSelectElement {
  return make('select', { id }, ...options.map(([value, label]) => make('option', { value }, label)))
}

/** Makes a part of the page with a heading, below those that are there, and an entry for it in the list of parts. */
export function panel(
  id: string,
  title: string,
  controls: readonly Child[],
  ...content: readonly Child[]
): HTMLElement {
  const heading = make('h2', { id: `${id}-title`, tabindex: -1 }, title)
  const made = make(
    'section.panel',
    { id, 'aria-labelledby': heading.id },
    make('div.panel-head', heading, ...controls),
    ...content,
  )
  byId('jump').append(make('li', make('a', { href: `#${id}` }, title)))
  byId('board').append(made)
  return made
}

const svgNamespace = 'http://www.w3.org/2000/svg'

/** Makes a part of a drawing. */
export function draw<K extends keyof SVGElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: readonly Node[]
): SVGElementTagNameMap[K] {
  const made = document.createElementNS(svgNamespace, tag)
  for (const [name, value] of Object.entries(attributes)) setAttribute(made, name, value)
  made.append(...children)
  return made
}

/** The part of the page that has an id in index.html. */
export function byId<E extends HTMLElement = HTMLElement>(id: string): E {
  const found = document.getElementById(id)
  if (found === null) throw new Error(`The page has no #${id}.`)
  // Only index.html, which is built together with this, says what kind of element it is.
  return found as E
}

export function setText(node: Node, text: string): void {
  if (node.textContent !== text) node.textContent = text
}

export function setAttribute(
  element: Element,
  name: string,
  value: string | number | boolean | undefined,
): void {
  if (value === undefined || value === false) {
    if (element.hasAttribute(name)) element.removeAttribute(name)
    return
  }
  const text = value === true ? '' : String(value)
  if (element.getAttribute(name) !== text) element.setAttribute(name, text)
}

export function setHidden(element: HTMLElement, hidden: boolean): void {
  if (element.hidden !== hidden) element.hidden = hidden
}

/** A row, a card, or whatever a list is made of. */
export interface Row<Item> {
  readonly element: Element
  update(item: Item): void
  /** Called when it has left the list. */
  remove?(): void
}

/** Keeps the children of an element in step with a list, by key. */
export class Rows<Item> {
  readonly #parent: Element
  readonly #create: (key: string) => Row<Item>
  readonly #rows = new Map<string, Row<Item>>()

  constructor(parent: Element, create: (key: string) => Row<Item>) {
    this.#parent = parent
    this.#create = create
  }

  /** The keys as they stand. */
  get keys(): string[] {
    return [...this.#rows.keys()]
  }

  /** @param items - By key, in the order in which they are to stand. */
  update(items: ReadonlyMap<string, Item>): void {
    for (const [key, row] of this.#rows) {
      if (items.has(key)) continue
      row.element.remove()
      row.remove?.()
      this.#rows.delete(key)
    }
    const focused = document.activeElement
    let place = this.#parent.firstElementChild
    for (const [key, item] of items) {
      const row = this.#rows.get(key) ?? this.#create(key)
      // Also brings the map into the order of the list.
      this.#rows.delete(key)
      this.#rows.set(key, row)
      if (row.element === place) place = place.nextElementSibling
      else this.#parent.insertBefore(row.element, place)
      row.update(item)
    }
    // An element that is moved loses the focus.
    if (
      focused instanceof HTMLElement &&
      focused !== document.activeElement &&
      this.#parent.contains(focused)
    )
      focused.focus({ preventScroll: true })
  }
}

/** A drawing from the set in index.html. Always beside a word that says the same. */
export function icon(name: string): SVGSVGElement {
  return draw('svg', { class: 'icon', 'aria-hidden': 'true' }, draw('use', { href: `#icon-${name}` }))
}

export function setIcon(svg: SVGSVGElement, name: string): void {
  const use = svg.firstElementChild
  if (use !== null) setAttribute(use, 'href', `#icon-${name}`)
}
