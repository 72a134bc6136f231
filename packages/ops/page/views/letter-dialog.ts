/** One dead letter with all that is known about it. Its content is shown when asked for, because that is audited. */
import type { LetterAnswer } from '../../src/wire.ts'
import { ApiError, part } from '../api.ts'
import { show } from '../dialog.ts'
import { button, make } from '../dom.ts'
import { formatClock, formatWord } from '../model/format.ts'
import { note } from '../notes.ts'
import type { Page } from '../page.ts'

export async function showLetter(page: Page, queue: string, id: string): Promise<void> {
  const path = `dlq/${part(queue)}/${part(id)}`
  let letter: LetterAnswer
  try {
    letter = await page.api.get<LetterAnswer>(path)
  } catch (error) {
    note(error instanceof ApiError ? error.message : 'The letter could not be read.', true)
    return
  }
  const close = button('Close', () => dialog.close())
  const content = make('div')
  const reveal = button('Show content', open)
  reveal.hidden = !page.can('operate') || letter.state !== 'dead'
  const dialog = show(
    make(
      'div',
      make('h2', { id: 'dialog-title' }, `Dead letter of ${queue}`),
      make('dl.pairs', ...facts(letter).flatMap(([key, value]) => [make('dt', key), make('dd', value)])),
      ...list(
        'Behind it',
        letter.causes.map(({ name, message, code }) => [name, code, message].filter(Boolean).join(' ')),
      ),
      ...list(
        'Before it died',
        letter.history.map(
          ({ at, event, by }) => `${formatClock(at)} ${event}${by === undefined ? '' : ` by ${by}`}`,
        ),
      ),
      content,
      make('p.quiet', { hidden: reveal.hidden }, 'Who looks at the content is written down.'),
      make('div.buttons', reveal, close),
    ),
    true,
  )
  close.focus()

  async function open(): Promise<void> {
    try {
      const { content: opened } = await page.api.get<LetterAnswer>(path, { content: 'true' })
      if (opened === undefined) return
      content.replaceChildren(
        make('h3', 'Content'),
        make('pre', { tabindex: 0, 'aria-label': 'Content of the letter' }, opened.message),
        ...(opened.truncated ? [make('p.quiet', 'Cut off here.')] : []),
      )
      reveal.hidden = true
      close.focus()
    } catch (error) {
      note(error instanceof ApiError ? error.message : 'The content could not be read.', true)
    }
  }
}

function facts(letter: LetterAnswer): [string, string][] {
  const { error } = letter
  const all: [string, string | undefined][] = [
    ['Id', letter.id],
    ['State', formatWord(letter.state)],
    ['Type', letter.type],
    ['Failure', `${letter.failure} (${letter.failureClass})`],
    ['Error', [error.name, error.code, error.message].filter(Boolean).join(' ')],
    ['Died', new Date(letter.diedAt).toISOString()],
    [
      'First failed',
      letter.firstFailedAt === undefined ? undefined : new Date(letter.firstFailedAt).toISOString(),
    ],
    ['Recovery', letter.due === undefined ? 'by hand only' : `due ${new Date(letter.due).toISOString()}`],
    ['Replays failed', String(letter.attempts)],
    ['Replayed before', String(letter.replays)],
    ['Task', letter.taskId],
    ['Source', letter.source],
    ['Journey', letter.journey],
  ]
  return all.flatMap(([key, value]): [string, string][] => (value === undefined ? [] : [[key, value]]))
}

function list(title: string, lines: readonly string[]): HTMLElement[] {
  if (lines.length === 0) return []
  return [make('h3', title), make('ol', ...lines.map((line) => make('li', line)))]
}
