/** The level, what calls for it, the features that go with it, and how to set it by hand. */
import type {
  FeatureActionAnswer,
  FeatureView,
  LevelActionAnswer,
  LevelWord,
  RuleView,
} from '../../src/wire.ts'
import { part } from '../api.ts'
import {
  button,
  choice,
  field,
  icon,
  make,
  panel,
  setAttribute,
  setHidden,
  setIcon,
  setText,
} from '../dom.ts'
import {
  formatCount,
  formatCountdown,
  formatFor,
  formatShare,
  formatTime,
  formatWord,
} from '../model/format.ts'
import type { Page, View } from '../page.ts'
import { type Table, table } from './table.ts'

const levels: readonly LevelWord[] = ['normal', 'minor', 'moderate', 'severe', 'critical']

interface RuleItem {
  readonly rule: RuleView
  readonly now: number
}

interface FeatureItem {
  readonly feature: FeatureView
  readonly now: number
}

export function degradation(page: Page): View {
  const { model } = page
  const target = make('p.quiet')
  const steps = levels.map((level) => {
    const about = make('span.about')
    const time = make('span.about')
    return { level, about, time, element: make('li', make('span', formatWord(level)), about, time) }
  })
  const ladder = make('ol.ladder', { 'aria-label': 'Levels' }, ...steps.map(({ element }) => element))
  const rules = ruleTable()
  const noRules = make('p.empty', 'There are no rules.')
  const features = featureTable(page)
  const featureTitle = make('h3', 'Features')
  const overrideForm = levelForm(page)
  const empty = make('p.empty', 'Nothing manages the level of this service.')
  const content = make(
    'div',
    ladder,
    make('h3', 'Rules'),
    rules.element,
    noRules,
    featureTitle,
    features.element,
    overrideForm.element,
  )
  panel('degradation', 'Degradation', [target], content, empty).classList.add('half')

  return {
    update(now) {
      const view = model.degradation
      setHidden(content, view === undefined)
      setHidden(empty, view !== undefined)
      if (view === undefined) return
      const { level, target: wanted = level, timeAt } = view
      setText(target, wanted === level ? '' : `On the way to ${wanted}`)
      for (const step of steps) {
        const words = step.level === level ? 'now' : step.level === wanted ? 'called for' : ''
        setAttribute(step.element, 'aria-current', step.level === level ? 'step' : undefined)
        setText(step.about, words)
        setText(step.time, timeText(timeAt?.[step.level]))
      }
      const all: readonly RuleView[] =
        view.rules ?? (view.activeRules ?? []).map((rule) => ({ ...rule, active: true }))
      // Those that count first; the others as they were given.
      const sorted = [...all].sort((a, b) => Number(b.active) - Number(a.active))
      setHidden(noRules, sorted.length > 0)
      rules.update(new Map(sorted.map((rule) => [rule.id, { rule, now }])))
      const list = view.features ?? []
      setHidden(featureTitle, list.length === 0)
      features.update(new Map(list.map((feature) => [feature.name, { feature, now }])))
      overrideForm.update(view.override !== undefined)
    },
  }
}

function ruleTable(): Table<RuleItem> {
  return table(
    'Rules and what they read now',
    [
      { label: 'Rule', look: 'wide' },
      { label: 'Calls for' },
      { label: 'Reads now', look: 'number' },
      { label: 'Holds from', look: 'number' },
      { label: 'Counts' },
    ],
    (_, [name, level, value, limit, counts], key) => {
      const about = make('span.about')
      const word = make('span.name')
      const rest = make('span.about')
      name.append(make('span.name', key), about)
      counts.append(word, rest)
      return ({ rule, now }) => {
        const { reading, active, since = now, until } = rule
        setText(about, reading?.about?.join(', ') ?? '')
        setText(level, formatWord(rule.level))
        setText(value, figureOf(reading?.value, reading?.unit))
        setText(limit, figureOf(reading?.limit, reading?.unit))
        setText(word, active ? `for ${formatFor(now - since)}` : 'no')
        setText(rest, until === undefined ? '' : `holds no more, ends in ${formatCountdown(until - now)}`)
        setAttribute(counts, 'data-tone', active ? 'warn' : undefined)
      }
    },
  )
}

function featureTable(page: Page): Table<FeatureItem> {
  return table(
    'Features',
    [
      { label: 'Feature', look: 'wide' },
      { label: 'State' },
      { label: 'On up to' },
      { label: 'Action', look: 'actions', unseen: true },
    ],
    (element, [name, state, max, actions], key) => {
      const why = make('span.about')
      const sign = icon('pass')
      const word = make('span')
      const verb = make('span')
      const pressed = button('', () => current && switchFeature(page, current, pressed), verb)
      pressed.append(make('span.unseen', ` ${key}`))
      name.append(make('span.name', key), why)
      state.append(make('span.state', sign, word))
      actions.append(pressed)
      let current: FeatureView | undefined
      return ({ feature, now }) => {
        current = feature
        const { killed, on, maxLevel } = feature
        const { expiresAt } = killed ?? {}
        const ends = expiresAt === undefined ? '' : ` for ${formatCountdown(expiresAt - now)} more`
        setText(why, killed ? `Off by ${killed.actor}${ends}: ${killed.reason}` : '')
        setIcon(sign, on ? 'pass' : 'disposed')
        setAttribute(element, 'data-status', on ? 'pass' : 'off')
        setText(word, on ? 'On' : killed ? 'Off by hand' : 'Off')
        setText(max, formatWord(maxLevel))
        setText(verb, killed ? 'Restore' : 'Switch off')
        setHidden(pressed, !page.can('override'))
      }
    },
  )
}

function switchFeature(page: Page, { name, killed }: FeatureView, pressed: HTMLButtonElement): void {
  const question = killed
    ? {
        title: `Restore ${name}?`,
        effect: 'The feature is on again whenever the level allows it.',
        verb: 'Restore',
      }
    : {
        title: `Switch ${name} off?`,
        effect: 'Nobody can use the feature for an hour, whatever the level is.',
        verb: 'Switch off',
        danger: true,
        reason: 'required' as const,
      }
  void page.act(pressed, question, ({ reason }) =>
    page.api.send<FeatureActionAnswer>(
      'POST',
      `degradation/features/${part(name)}/${killed ? 'restore' : 'kill'}`,
      killed ? { reason } : { reason, ttl: '1h' },
    ),
  )
}

function levelForm(page: Page): { readonly element: HTMLElement; update(set: boolean): void } {
  const level = choice('override-level', ...levels.map((each): [string, string] => [each, formatWord(each)]))
  const mode = choice('override-mode', ['pin', 'Exactly'], ['floor', 'At least'])
  const time = choice(
    'override-time',
    ['15m', '15 minutes'],
    ['1h', '1 hour'],
    ['4h', '4 hours'],
    ['1d', '1 day'],
    ['never', 'Until cleared'],
  )
  time.value = '1h'
  const reason = make('input', {
    id: 'override-reason',
    type: 'text',
    required: true,
    maxlength: 200,
    autocomplete: 'off',
  })
  const set = make('button', { type: 'submit' }, 'Set level')
  const clear = button('Clear override', () => {
    void page.act(
      clear,
      {
        title: 'Clear the override?',
        effect: 'The level is at once what the rules call for.',
        verb: 'Clear override',
        reason: 'optional',
      },
      ({ reason: why }) => page.api.send<LevelActionAnswer>('POST', 'degradation/clear', { reason: why }),
    )
  })
  const form = make(
    'form.override-form',
    { 'aria-label': 'Set the level by hand' },
    field('How', mode),
    field('Level', level),
    field('For', time),
    field('Reason', reason, 'field wide'),
    make('div.buttons', set, clear),
  )
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    const word = level.value
    const text = reason.value.trim()
    if (text === '') return reason.focus()
    const until = time.selectedOptions[0]?.textContent?.toLowerCase() ?? ''
    void page
      .act(
        set,
        {
          title: `Set the level to ${mode.value === 'floor' ? 'at least ' : ''}${word}?`,
          effect: `${effects[word as LevelWord]} Holds ${time.value === 'never' ? until : `for ${until}`}.`,
          verb: 'Set level',
          danger: true,
        },
        () =>
          page.api.send<LevelActionAnswer>('POST', 'degradation/set-level', {
            level: word,
            mode: mode.value,
            ttl: time.value,
            reason: text,
          }),
      )
      .then((done) => {
        if (done) reason.value = ''
      })
  })
  const element = make('div', make('h3', 'By hand'), form)
  return {
    element,
    update(isSet) {
      setHidden(element, !page.can('override'))
      if (!isSet && document.activeElement === clear) set.focus({ preventScroll: true })
      setHidden(clear, !isSet)
    },
  }
}

function figureOf(value: number | undefined, unit: 'count' | 'share' | 'ms' = 'count'): string {
  return unit === 'share' ? formatShare(value) : unit === 'ms' ? formatTime(value) : formatCount(value)
}

function timeText(time: number | undefined): string {
  return time === undefined || time < 500 ? '' : formatTime(Math.round(time / 1000) * 1000)
}

/** What a level does, as far as every service has it in common. */
const effects: Readonly<Record<LevelWord, string>> = {
  normal: 'Everything is on, even what cannot keep up.',
  minor: 'Users get a degraded service.',
  moderate: 'Users get a degraded service; less important work is turned away.',
  severe: 'Users get a limited service, and may not be able to change anything.',
  critical: 'Users get answers from memory only; all but the most important work is turned away.',
}
