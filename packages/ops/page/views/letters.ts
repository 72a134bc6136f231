/** The dead letters of a queue, page by page, and what can be done with them. */
import type {
  LetterDiscardAnswer,
  LetterRetryAnswer,
  LettersAnswer,
  LetterView,
  RetryBatchAnswer,
} from '../../src/wire.ts'
import { ApiError, part } from '../api.ts'
import { byId, make, Rows, setAttribute, setHidden, setText } from '../dom.ts'
import { formatAgo, formatCount, formatTime, formatWord, plural } from '../model/format.ts'
import type { Page, View } from '../page.ts'
import { showLetter } from './letter-dialog.ts'
import { table } from './table.ts'

const pageSize = 15
/** Letters come and go in crowds: so long after the first change the page is read again. */
const settle = 800

interface Item {
  readonly letter: LetterView
  readonly now: number
}

export function letters(page: Page): View {
  const { model } = page
  /** The cursors of the pages so far; the first page has none. */
  let cursors: (string | undefined)[] = [undefined]
  let shown: LettersAnswer | undefined
  let trouble = ''
  let counted = ''
  let asked = 0
  let timer = 0
  const selected = new Set<string>()

  const queue = make('select', { id: 'letters-queue' })
  const state = make(
    'select',
    { id: 'letters-state' },
    ...['dead', 'leased', 'replaying', 'replayed', 'resolved', 'discarded'].map((word) =>
      make('option', { value: word }, formatWord(word)),
    ),
  )
  const type = make('input', {
    type: 'search',
    id: 'letters-type',
    autocomplete: 'off',
    placeholder: 'Exact type',
  })
  const counts = make('p', { class: 'reading' })
  const picked = make('span', { role: 'status' })
  const replayPicked = make('button', { type: 'button' }, 'Replay selected')
  const discardPicked = make('button', { type: 'button', class: 'danger' }, 'Discard selected')
  const toolbar = make('div', { class: 'toolbar' }, picked, replayPicked, discardPicked)
  const newer = make('button', { type: 'button' }, 'Newer')
  const older = make('button', { type: 'button' }, 'Older')
  const place = make('span')
  const paging = make('div', { class: 'toolbar' }, newer, place, older)
  const empty = make('p', { class: 'empty' })
  const title = make('h2', { id: 'letters-title', tabindex: -1 }, 'Dead letters')
  const list = table('Dead letters', [
    { label: 'Selected', unseen: true, look: 'pick' },
    { label: 'Died', look: 'short' },
    { label: 'Type' },
    { label: 'Failure' },
    { label: 'Error', look: 'wide' },
    { label: 'Tries', look: 'number' },
    { label: 'Actions', look: 'actions', unseen: true },
  ])
  const pickAll = make('input', { type: 'checkbox' })
  toolbar.prepend(make('label', { class: 'check' }, pickAll, 'All of this page'))
  const controls = make(
    'div',
    { class: 'panel-head' },
    title,
    make('label', { class: 'field' }, make('span', {}, 'Queue'), queue),
    make('label', { class: 'field' }, make('span', {}, 'State'), state),
    make('label', { class: 'field' }, make('span', {}, 'Type'), type),
  )
  byId('letters').append(controls, counts, toolbar, list.element, empty, paging)

  const rows = new Rows<Item>(list.body, (id) => row(id))

  for (const control of [queue, state, type])
    control.addEventListener('change', () => {
      selected.clear()
      cursors = [undefined]
      shown = undefined
      void load()
    })
  older.addEventListener('click', () => turn(() => cursors.push(shown?.next)))
  newer.addEventListener('click', () => turn(() => cursors.pop()))
  pickAll.addEventListener('change', () => {
    for (const { id } of shown?.letters ?? []) {
      if (pickAll.checked) selected.add(id)
      else selected.delete(id)
    }
    page.refresh()
  })
  replayPicked.addEventListener('click', () => {
    const ids = [...selected]
    void page
      .act(
        replayPicked,
        {
          title: `Replay ${plural(ids.length, 'letter')} of ${queue.value}?`,
          effect: 'Each is done anew, once. Those that fail again stay dead.',
          verb: 'Replay',
          reason: 'optional',
        },
        ({ reason }) =>
          page.api.send<RetryBatchAnswer>('POST', `dlq/${part(queue.value)}/retry-batch`, { reason, ids }),
      )
      .then(afterwards(ids))
  })
  discardPicked.addEventListener('click', () => {
    const ids = [...selected]
    const name = queue.value
    void page
      .act(
        discardPicked,
        {
          title: `Discard ${plural(ids.length, 'letter')} of ${name}?`,
          effect: 'What they were to do is never done. Their content is deleted. This cannot be undone.',
          verb: 'Discard',
          danger: true,
          reason: 'required',
        },
        async ({ reason }) => {
          let done = 0
          const failures: string[] = []
          for (const id of ids) {
            try {
              await page.api.send<LetterDiscardAnswer>('DELETE', `dlq/${part(name)}/${part(id)}`, { reason })
              done++
            } catch (error) {
              if (!(error instanceof ApiError)) throw error
              failures.push(error.message)
            }
          }
          if (failures.length > 0) throw new ApiError(0, `${done} of ${ids.length} discarded. ${failures[0]}`)
          return { message: `${plural(done, 'letter')} discarded.` }
        },
      )
      .then(afterwards(ids))
  })

  return {
    update(now) {
      fillQueues()
      const view = model.deadLetters.find((each) => each.queue === queue.value)
      const told = JSON.stringify([view?.counts, queue.value])
      if (told !== counted) {
        counted = told
        if (queue.value !== '' && timer === 0)
          timer = setTimeout(() => void load(), shown === undefined ? 0 : settle)
      }
      const age = view?.oldestAge === undefined ? '' : `; the oldest is ${formatTime(view.oldestAge)} old`
      const stale = view?.stale ? ' The store does not answer; these figures are from earlier.' : ''
      const { counts: figures } = view ?? {}
      setText(
        counts,
        figures === undefined
          ? stale.trim()
          : `${formatCount(figures.dead)} dead${age}; ${formatCount(figures.leased + figures.replaying)} in recovery, ${formatCount(figures.replayed + figures.resolved)} replayed or resolved, ${formatCount(figures.discarded)} discarded.${stale}`,
      )
      showLetters(now)
    },
  }

  function fillQueues(): void {
    const names = model.deadLetters.map((each) => each.queue)
    const known = [...queue.options].map(({ value }) => value)
    if (JSON.stringify(names) !== JSON.stringify(known)) {
      const before = queue.value
      queue.replaceChildren(...names.map((name) => make('option', { value: name }, name)))
      queue.value = names.includes(before) ? before : (names[0] ?? '')
    }
    for (const element of [counts, list.element, paging]) setHidden(element, names.length === 0)
    for (const control of [queue, state, type]) setAttribute(control, 'disabled', names.length === 0)
  }

  function showLetters(now: number): void {
    const some = shown?.letters ?? []
    const ids = new Set(some.map(({ id }) => id))
    for (const id of selected) if (!ids.has(id)) selected.delete(id)
    const mayAct = page.can('operate') && state.value === 'dead'
    setAttribute(list.element, 'data-plain', mayAct ? undefined : true)
    const items = new Map(some.map((letter) => [letter.id, { letter, now }]))
    keepFocus(items, () => rows.update(items))
    setHidden(toolbar, !mayAct || some.length === 0)
    setText(picked, selected.size === 0 ? '' : `${selected.size} selected`)
    for (const button of [replayPicked, discardPicked]) setHidden(button, selected.size === 0)
    pickAll.checked = some.length > 0 && selected.size === some.length
    pickAll.indeterminate = selected.size > 0 && selected.size < some.length
    setHidden(list.element, some.length === 0)
    const none = model.deadLetters.length === 0 ? 'No queue of dead letters was given.' : 'No letters.'
    setText(empty, trouble || (shown === undefined && model.deadLetters.length > 0 ? 'Reading…' : none))
    setHidden(empty, some.length > 0 && trouble === '')
    setHidden(paging, cursors.length === 1 && shown?.next === undefined)
    setAttribute(newer, 'aria-disabled', cursors.length === 1 ? 'true' : undefined)
    setAttribute(older, 'aria-disabled', shown?.next === undefined ? 'true' : undefined)
    setText(place, `Page ${cursors.length}`)
  }

  /** Whoever works through the list and settles a letter goes on at the next one. */
  function keepFocus(items: ReadonlyMap<string, Item>, update: () => void): void {
    const index = [...list.body.children].findIndex((element) => element.contains(document.activeElement))
    const leaving = index >= 0 && !items.has(rows.keys[index] as string)
    update()
    if (!leaving) return
    const next = list.body.children[Math.min(index, list.body.childElementCount - 1)]
    const control = [...(next?.querySelectorAll<HTMLElement>('input, button') ?? [])].find(
      ({ hidden }) => !hidden,
    )
    ;(control ?? title).focus({ preventScroll: true })
  }

  function turn(move: () => void): void {
    const button = document.activeElement
    if (button?.getAttribute('aria-disabled') === 'true') return
    move()
    selected.clear()
    void load()
  }

  function afterwards(ids: readonly string[]): (done: boolean) => void {
    return () => {
      for (const id of ids) selected.delete(id)
      void load()
    }
  }

  async function load(): Promise<void> {
    clearTimeout(timer)
    timer = 0
    const turnNumber = ++asked
    const name = queue.value
    if (name === '') return
    try {
      const answer = await page.api.get<LettersAnswer>(`dlq/${part(name)}`, {
        limit: pageSize,
        state: state.value,
        type: type.value.trim(),
        cursor: cursors.at(-1),
      })
      if (turnNumber !== asked) return
      shown = answer
      trouble = ''
      // What was on this page is gone.
      if (answer.letters.length === 0 && cursors.length > 1) {
        cursors.pop()
        return load()
      }
    } catch (error) {
      if (turnNumber !== asked) return
      trouble = error instanceof ApiError ? error.message : 'The letters could not be read.'
    }
    page.refresh()
  }

  function row(id: string): { readonly element: HTMLElement; update(item: Item): void } {
    const { element, cells } = list.row()
    const [pick, died, kind, failure, error, tries, actions] = cells as [
      HTMLElement,
      HTMLElement,
      HTMLElement,
      HTMLElement,
      HTMLElement,
      HTMLElement,
      HTMLElement,
    ]
    const box = make('input', { type: 'checkbox' })
    pick.append(make('label', { class: 'box' }, box))
    box.addEventListener('change', () => {
      if (box.checked) selected.add(id)
      else selected.delete(id)
      page.refresh()
    })
    const code = make('span', { class: 'name' })
    const message = make('span', { class: 'about' })
    error.append(code, message)
    const failureWord = make('span')
    const failureClass = make('span', { class: 'about' })
    failure.append(failureWord, failureClass)
    const named = (label: string, look?: string): { button: HTMLButtonElement; target: HTMLElement } => {
      const target = make('span', { class: 'unseen' })
      return { button: make('button', { type: 'button', class: look }, label, target), target }
    }
    const [look, replay, discard] = [named('View'), named('Replay'), named('Discard', 'danger')] as const
    actions.append(look.button, replay.button, discard.button)
    const address = (): string => `dlq/${part(queue.value)}/${part(id)}`
    look.button.addEventListener('click', () => void showLetter(page, queue.value, id))
    replay.button.addEventListener('click', () => {
      void page
        .act(
          replay.button,
          {
            title: `Replay ${kind.textContent} of ${queue.value}?`,
            effect: `The work of letter ${id} is done anew, once. If it fails again, the letter stays dead.`,
            verb: 'Replay',
            reason: 'optional',
          },
          ({ reason }) => page.api.send<LetterRetryAnswer>('POST', `${address()}/retry`, { reason }),
        )
        .then(afterwards([id]))
    })
    discard.button.addEventListener('click', () => {
      void page
        .act(
          discard.button,
          {
            title: `Discard ${kind.textContent} of ${queue.value}?`,
            effect: `The work of letter ${id} is never done. Its content is deleted. This cannot be undone.`,
            verb: 'Discard',
            danger: true,
            reason: 'required',
          },
          ({ reason }) => page.api.send<LetterDiscardAnswer>('DELETE', address(), { reason }),
        )
        .then(afterwards([id]))
    })
    return {
      element,
      update({ letter, now }) {
        const mayAct = page.can('operate') && letter.state === 'dead'
        box.checked = selected.has(id)
        setHidden(box, !mayAct)
        setAttribute(box, 'aria-label', `Select ${letter.type} ${id}`)
        setText(died, formatAgo(Math.max(0, now - letter.diedAt)))
        setAttribute(died, 'title', new Date(letter.diedAt).toISOString())
        setText(kind, letter.type)
        setText(failureWord, letter.failure)
        setText(failureClass, letter.failureClass)
        setText(
          code,
          letter.error.code === undefined ? letter.error.name : `${letter.error.name} ${letter.error.code}`,
        )
        setText(message, letter.error.message)
        setText(tries, formatCount((letter.retryCount ?? 0) + 1 + letter.attempts))
        for (const { button, target } of [look, replay, discard]) {
          setText(target, ` ${letter.type} ${id}`)
          setHidden(button, button !== look.button && !mayAct)
        }
      },
    }
  }
}
