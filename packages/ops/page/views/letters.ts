/** The dead letters of a queue, page by page, and what can be done with them. */
import type {
  LetterDiscardAnswer,
  LetterRetryAnswer,
  LettersAnswer,
  LetterView,
  PurgeAnswer,
  RetryBatchAnswer,
} from '../../src/wire.ts'
import { ApiError, part } from '../api.ts'
import { button, choice, field, make, panel, search, setAttribute, setHidden, setText } from '../dom.ts'
import { formatAgo, formatCount, formatTime, formatWord, plural } from '../model/format.ts'
import type { Page, View } from '../page.ts'
import { showLetter } from './letter-dialog.ts'
import { table } from './table.ts'

const pageSize = 15
/** Letters come and go in crowds: so long after the first change the page is read again. */
const settle = 800
const states = ['dead', 'leased', 'replaying', 'replayed', 'resolved', 'discarded']

interface Item {
  readonly letter: LetterView
  readonly now: number
}

export function letters(page: Page): View {
  const { api, model } = page
  /** The cursors of the pages so far; the first page has none. */
  let cursors: (string | undefined)[] = [undefined]
  let shown: LettersAnswer | undefined
  let trouble = ''
  let counted = ''
  let asked = 0
  let timer = 0
  const selected = new Set<string>()

  const queue = choice('letters-queue')
  const state = choice('letters-state', ...states.map((word): [string, string] => [word, formatWord(word)]))
  const type = search('Exact type', 'letters-type')
  const counts = make('p.reading')
  const picked = make('span', { role: 'status' })
  const replayPicked = button('Replay selected', () => replaySome([...selected]))
  const discardPicked = button('Discard selected', () => discardSome([...selected]), { class: 'danger' })
  const pickAll = make('input', { type: 'checkbox' })
  const toolbar = make(
    'div.toolbar',
    make('label.check', pickAll, 'All of this page'),
    picked,
    replayPicked,
    discardPicked,
  )
  const newer = button('Newer', () => turn(newer, () => cursors.pop()))
  const older = button('Older', () => turn(older, () => cursors.push(shown?.next)))
  const place = make('span')
  const paging = make('div.toolbar', newer, place, older)
  const age = choice(
    'purge-age',
    ['1h', '1 hour'],
    ['1d', '1 day'],
    ['7d', '7 days'],
    ['30d', '30 days'],
    ['90d', '90 days'],
  )
  age.value = '30d'
  const purge = button('Purge', purgeOld, { class: 'danger' })
  const purging = make('div.toolbar', field('Purge all older than', age), purge)
  const empty = make('p.empty')
  const list = table<Item>(
    'Dead letters',
    [
      { label: 'Selected', unseen: true, look: 'pick' },
      { label: 'Died', look: 'short' },
      { label: 'Type' },
      { label: 'Failure' },
      { label: 'Error', look: 'wide' },
      { label: 'Tries', look: 'number' },
      { label: 'Actions', look: 'actions', unseen: true },
    ],
    (_, [pick, died, kind, failure, error, tries, actions], id) => {
      const box = make('input', { type: 'checkbox' })
      box.addEventListener('change', () => {
        pickOne(id, box.checked)
        page.refresh()
      })
      const code = make('span.name')
      const message = make('span.about')
      const failureWord = make('span')
      const failureClass = make('span.about')
      const target = (): HTMLElement => make('span.unseen')
      const look = button('View', () => void showLetter(page, queue.value, id), target())
      const replay = button('Replay', () => replayOne(replay, kind.textContent ?? '', id), target())
      const discard = button('Discard', () => discardOne(discard, kind.textContent ?? '', id), target(), {
        class: 'danger',
      })
      pick.append(make('label.box', box))
      error.append(code, message)
      failure.append(failureWord, failureClass)
      actions.append(look, replay, discard)
      return ({ letter, now }) => {
        const mayAct = page.can('operate') && letter.state === 'dead'
        box.checked = selected.has(id)
        setHidden(box, !mayAct)
        setAttribute(box, 'aria-label', `Select ${letter.type} ${id}`)
        setText(died, formatAgo(Math.max(0, now - letter.diedAt)))
        setAttribute(died, 'title', new Date(letter.diedAt).toISOString())
        setText(kind, letter.type)
        setText(failureWord, letter.failure)
        setText(failureClass, letter.failureClass)
        setText(code, [letter.error.name, letter.error.code].filter(Boolean).join(' '))
        setText(message, letter.error.message)
        setText(tries, formatCount((letter.retryCount ?? 0) + 1 + letter.attempts))
        for (const each of [look, replay, discard]) {
          setText(each.lastElementChild as Element, ` ${letter.type} ${id}`)
          setHidden(each, each !== look && !mayAct)
        }
      }
    },
  )
  const section = panel(
    'letters',
    'Dead letters',
    [field('Queue', queue), field('State', state), field('Type', type)],
    counts,
    toolbar,
    list.element,
    empty,
    paging,
    purging,
  )

  for (const control of [queue, state, type])
    control.addEventListener('change', () => {
      selected.clear()
      cursors = [undefined]
      shown = undefined
      void load()
    })
  pickAll.addEventListener('change', () => {
    for (const { id } of shown?.letters ?? []) pickOne(id, pickAll.checked)
    page.refresh()
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
      const { counts: figures, oldestAge, stale } = view ?? {}
      const oldest = oldestAge === undefined ? '' : `; the oldest is ${formatTime(oldestAge)} old`
      const old = stale ? 'The store does not answer; these figures are from earlier.' : ''
      setText(
        counts,
        figures === undefined
          ? old
          : `${formatCount(figures.dead)} dead${oldest}; ${formatCount(figures.leased + figures.replaying)} in recovery, ${formatCount(figures.replayed + figures.resolved)} replayed or resolved, ${formatCount(figures.discarded)} discarded. ${old}`,
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
    keepFocus(items)
    setHidden(toolbar, !mayAct || some.length === 0)
    setText(picked, selected.size === 0 ? '' : `${selected.size} selected`)
    for (const each of [replayPicked, discardPicked]) setHidden(each, selected.size === 0)
    pickAll.checked = some.length > 0 && selected.size === some.length
    pickAll.indeterminate = selected.size > 0 && selected.size < some.length
    const none = model.deadLetters.length === 0 ? 'No queue of dead letters was given.' : 'No letters.'
    setText(empty, trouble || (shown === undefined && model.deadLetters.length > 0 ? 'Reading…' : none))
    setHidden(empty, some.length > 0 && trouble === '')
    setHidden(paging, cursors.length === 1 && shown?.next === undefined)
    setAttribute(newer, 'aria-disabled', cursors.length === 1 ? 'true' : undefined)
    setAttribute(older, 'aria-disabled', shown?.next === undefined ? 'true' : undefined)
    setText(place, `Page ${cursors.length}`)
    setHidden(purging, !page.can('override') || model.deadLetters.length === 0)
  }

  /** Whoever works through the list and settles a letter goes on at the next one. */
  function keepFocus(items: ReadonlyMap<string, Item>): void {
    const { rows, keys } = list
    const index = [...rows].findIndex((element) => element.contains(document.activeElement))
    const leaving = index >= 0 && !items.has(keys[index] as string)
    list.update(items)
    if (!leaving) return
    const next = rows[Math.min(index, rows.length - 1)]
    const control = [...(next?.querySelectorAll<HTMLElement>('input, button') ?? [])].find(
      ({ hidden }) => !hidden,
    )
    ;(control ?? section.querySelector('h2'))?.focus({ preventScroll: true })
  }

  function pickOne(id: string, wanted: boolean): void {
    if (wanted) selected.add(id)
    else selected.delete(id)
  }

  function turn(pressed: HTMLButtonElement, move: () => void): void {
    if (pressed.getAttribute('aria-disabled') === 'true') return
    move()
    selected.clear()
    void load()
  }

  function address(id: string): string {
    return `dlq/${part(queue.value)}/${part(id)}`
  }

  async function replayOne(pressed: HTMLButtonElement, kind: string, id: string): Promise<void> {
    const path = address(id)
    await page.act(
      pressed,
      {
        title: `Replay ${kind} of ${queue.value}?`,
        effect: `The work of letter ${id} is done anew, once. If it fails again, the letter stays dead.`,
        verb: 'Replay',
        reason: 'optional',
      },
      ({ reason }) => api.send<LetterRetryAnswer>('POST', `${path}/retry`, { reason }),
    )
    afterwards([id])
  }

  async function discardOne(pressed: HTMLButtonElement, kind: string, id: string): Promise<void> {
    const path = address(id)
    await page.act(
      pressed,
      {
        title: `Discard ${kind} of ${queue.value}?`,
        effect: `The work of letter ${id} is never done. Its content is deleted. This cannot be undone.`,
        verb: 'Discard',
        danger: true,
        reason: 'required',
      },
      ({ reason }) => api.send<LetterDiscardAnswer>('DELETE', path, { reason }),
    )
    afterwards([id])
  }

  async function replaySome(ids: readonly string[]): Promise<void> {
    const name = queue.value
    await page.act(
      replayPicked,
      {
        title: `Replay ${plural(ids.length, 'letter')} of ${name}?`,
        effect: 'Each is done anew, once. Those that fail again stay dead.',
        verb: 'Replay',
        reason: 'optional',
      },
      ({ reason }) => api.send<RetryBatchAnswer>('POST', `dlq/${part(name)}/retry-batch`, { reason, ids }),
    )
    afterwards(ids)
  }

  async function discardSome(ids: readonly string[]): Promise<void> {
    const paths = ids.map(address)
    await page.act(
      discardPicked,
      {
        title: `Discard ${plural(ids.length, 'letter')} of ${queue.value}?`,
        effect: 'What they were to do is never done. Their content is deleted. This cannot be undone.',
        verb: 'Discard',
        danger: true,
        reason: 'required',
      },
      async ({ reason }) => {
        let done = 0
        let failure: string | undefined
        for (const path of paths) {
          try {
            await api.send<LetterDiscardAnswer>('DELETE', path, { reason })
            done++
          } catch (error) {
            if (!(error instanceof ApiError)) throw error
            failure ??= error.message
          }
        }
        if (failure !== undefined) throw new ApiError(0, `${done} of ${ids.length} discarded. ${failure}`)
        return { message: `${plural(done, 'letter')} discarded.` }
      },
    )
    afterwards(ids)
  }

  async function purgeOld(): Promise<void> {
    const name = queue.value
    const olderThan = age.value
    const words = age.selectedOptions[0]?.textContent
    const { oldestAge } = model.deadLetters.find((each) => each.queue === name) ?? {}
    const oldest =
      oldestAge === undefined ? 'No letter is dead now.' : `The oldest is ${formatTime(oldestAge)} old.`
    await page.act(
      purge,
      {
        title: `Purge ${name} of all older than ${words}?`,
        effect: `Deletes every dead letter that died more than ${words} ago, of every type, also those that this page does not show. What they were to do is never done. This cannot be undone. ${oldest}`,
        verb: 'Purge',
        danger: true,
        reason: 'required',
      },
      ({ reason }) => api.send<PurgeAnswer>('POST', `dlq/${part(name)}/purge`, { olderThan, reason }),
    )
    afterwards([])
  }

  function afterwards(ids: readonly string[]): void {
    for (const id of ids) selected.delete(id)
    void load()
  }

  async function load(): Promise<void> {
    clearTimeout(timer)
    timer = 0
    const turnNumber = ++asked
    const name = queue.value
    if (name === '') return
    try {
      const answer = await api.get<LettersAnswer>(`dlq/${part(name)}`, {
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
}
