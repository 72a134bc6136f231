/** The work that is done again and again, and whether it is. */
import type { UpkeepAnswer, UpkeepJobView, UpkeepRunAnswer } from '../../src/wire.ts'
import { part } from '../api.ts'
import { Asked } from '../asked.ts'
import { button, icon, make, panel, setAttribute, setHidden, setIcon, setText } from '../dom.ts'
import { formatAgo, formatCount, formatCountdown, formatTime, formatWord } from '../model/format.ts'
import type { Page, View } from '../page.ts'
import { table } from './table.ts'

/** Jobs of other instances tell nothing here, so it is read anew now and then. */
const freshFor = 30_000

interface Item {
  readonly job: UpkeepJobView
  readonly now: number
}

const signs = { done: 'pass', failed: 'fail', elsewhere: 'disposed' } as const

export function upkeep(page: Page): View {
  const asked = new Asked(() => page.api.get<UpkeepAnswer>('upkeep'), page.refresh)
  const list = table<Item>(
    'Jobs of upkeep',
    [
      { label: 'Job', look: 'wide' },
      { label: 'Last run' },
      { label: 'When', look: 'number' },
      { label: 'Next', look: 'number' },
      { label: 'Runs', look: 'number' },
      { label: 'Action', look: 'actions', unseen: true },
    ],
    (element, [name, last, when, next, runs, actions], key) => {
      const every = make('span.about')
      const sign = icon('disposed')
      const word = make('span')
      const more = make('span.about')
      const run = button('Run', () => runNow(key, run), make('span.unseen', ` ${key}`))
      name.append(make('span.name', key), every)
      last.append(make('span.state', sign, word), more)
      actions.append(run)
      return ({ job, now }) => {
        const { last: ended, failures, failed, nextAt, state } = job
        const outcome = ended?.outcome ?? 'elsewhere'
        setText(every, `every ${formatTime(job.every)}`)
        setAttribute(
          element,
          'data-status',
          ended === undefined ? 'off' : outcome === 'failed' ? 'fail' : 'pass',
        )
        setIcon(sign, signs[outcome])
        setText(word, ended === undefined ? 'Not yet' : formatWord(outcome))
        const took = ended === undefined ? '' : `took ${formatTime(ended.duration)}`
        setText(more, failures > 1 ? `failed ${failures} times in a row` : took)
        setText(when, ended === undefined ? '–' : formatAgo(now - ended.endedAt))
        const rest = (nextAt ?? 0) - now
        const due = rest > 0 ? `in ${formatCountdown(rest)}` : 'due'
        setText(next, nextAt === undefined ? formatWord(state) : due)
        setText(runs, `${formatCount(job.runs)}${failed > 0 ? `, ${formatCount(failed)} failed` : ''}`)
        setHidden(run, !page.can('operate'))
      }
    },
  )
  const empty = make('p.empty')
  panel('upkeep', 'Upkeep', [], list.element, empty)
  return {
    load: () => asked.load(),
    told({ kind }) {
      if (kind === 'upkeep') void asked.load()
    },
    update(now) {
      const { answer, missing } = asked
      if (answer !== undefined && !missing && now - answer.time > freshFor) void asked.load()
      const jobs = missing ? [] : (answer?.jobs ?? [])
      list.update(new Map(jobs.map((job) => [job.name, { job, now }])))
      setText(empty, missing ? 'No upkeep was given.' : asked.trouble || 'No jobs.')
      setHidden(empty, jobs.length > 0 && asked.trouble === '')
    },
  }

  async function runNow(name: string, pressed: HTMLButtonElement): Promise<void> {
    await page.act(
      pressed,
      {
        title: `Run ${name} now?`,
        effect: 'Does it once, ahead of time. A run that is under way is joined.',
        verb: 'Run',
        reason: 'optional',
      },
      ({ reason }) => page.api.send<UpkeepRunAnswer>('POST', `upkeep/${part(name)}/run`, { reason }),
    )
    await asked.load()
  }
}
