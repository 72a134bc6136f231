/**
 * The few things the page does with the document. Elements are made once and then changed in place, and only where something differs, so
 * that focus, selection and scroll positions survive every update. Whatever comes from the server is set as text, never as markup.
 */

export type Attributes = Readonly<Record<string, string | number | boolean | undefined>>
type Child = Node | string

/** Makes an element. An attribute that is `true` is there without a value; one that is `false` or undefined is not there. */
export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) setAttribute(made, name, value)
  made.append(...children)
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
