/** What has happened, newest first. */
import {
  button,
  field,
  icon,
  make,
  panel,
  Rows,
  search,
  setAttribute,
  setHidden,
  setIcon,
  setText,
} from '../dom.ts'
import { formatClock } from '../model/format.ts'
import { eventsKept } from '../model/page-model.ts'
import { type Chapter, chapters, type Tone } from '../model/story.ts'
import type { Page, View } from '../page.ts'

const page = 50
const signs: Readonly<Record<Tone, string>> = { good: 'pass', warn: 'warn', bad: 'fail', plain: 'disposed' }
const words: Readonly<Record<Tone, string>> = {
  good: 'Good: ',
  warn: 'Warning: ',
  bad: 'Trouble: ',
  plain: '',
}

export function log({ model, refresh }: Page): View {
  let shown = page
  const filter = search('Text', 'log-filter')
  const count = make('p.quiet')
  const list = make('ol.events', { reversed: true })
  const more = button('Show older events', () => {
    shown += page
    refresh()
  })
  const empty = make('p.empty', 'Nothing has happened.')
  filter.addEventListener('input', () => {
    shown = page
    refresh()
  })
  panel(
    'log',
    'Events',
    [count, field('Filter', filter)],
    make('div.scroll', { tabindex: 0, role: 'group', 'aria-labelledby': 'log-title' }, list, empty, more),
  ).classList.add('half')
  const rows = new Rows<Chapter>(list, () => {
    const time = make('time')
    const sign = icon('disposed')
    const tone = make('span.unseen')
    const text = make('span')
    const element = make('li', time, sign, make('span.text', tone, text))
    return {
      element,
      update({ event, story, count }) {
        setText(time, formatClock(event.time))
        setAttribute(time, 'datetime', new Date(event.time).toISOString())
        setIcon(sign, signs[story.tone])
        setAttribute(element, 'data-tone', story.tone)
        setText(tone, words[story.tone])
        setText(text, count === 1 ? story.text : `${story.text}, ${count} times`)
      },
    }
  })
  return {
    update() {
      const wanted = filter.value.trim().toLowerCase()
      const all = chapters(model.events.toArray().reverse())
      const found = all.filter(({ event, story }) =>
        `${story.text} ${event.kind}`.toLowerCase().includes(wanted),
      )
      setText(count, model.eventCount > eventsKept ? `the last ${eventsKept}` : '')
      setText(empty, all.length === 0 ? 'Nothing has happened.' : 'None matches.')
      setHidden(empty, found.length > 0)
      setHidden(more, found.length <= shown)
      rows.update(new Map(found.slice(0, shown).map((chapter) => [chapter.key, chapter])))
    },
  }
}
