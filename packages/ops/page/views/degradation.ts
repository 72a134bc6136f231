/** The level, what calls for it, the features that go with it, and how to set it by hand. */
import type { FeatureActionAnswer, FeatureView, LevelActionAnswer, LevelWord } from '../../src/wire.ts'
import { part } from '../api.ts'
import { byId, icon, make, Rows, setAttribute, setHidden, setIcon, setText } from '../dom.ts'
import { formatAgo, formatCountdown, formatTime, formatWord } from '../model/format.ts'
import type { Page, View } from '../page.ts'
import { table } from './table.ts'

const levels: readonly LevelWord[] = ['normal', 'minor', 'moderate', 'severe', 'critical']

interface RuleItem {
  readonly id: string
  readonly level: LevelWord
  readonly since: number
  readonly now: number
}

interface FeatureItem {
  readonly feature: FeatureView
  readonly now: number
}

export function degradation(page: Page): View {
  const { model } = page
  const target = make('p', { class: 'quiet' })
  const steps = levels.map((level) => {
    const about = make('span', { class: 'about' })
    const time = make('span', { class: 'about time' })
    return { level, about, time, element: make('li', {}, make('span', {}, formatWord(level)), about, time) }
  })
  const ladder = make(
    'ol',
    { class: 'ladder', 'aria-label': 'Levels' },
    ...steps.map(({ element }) => element),
  )

  const rules = table('Rules that count now', [
    { label: 'Rule', look: 'wide' },
    { label: 'Calls for' },
    { label: 'Since', look: 'number' },
  ])
  const noRules = make('p', { class: 'empty' }, 'No rule counts now.')
  const ruleRows = new Rows<RuleItem>(rules.body, () => {
    const { element, cells } = rules.row()
    return {
      element,
      update({ id, level, since, now }) {
        for (const [index, text] of [id, formatWord(level), formatAgo(now - since)].entries())
          setText(cells[index] as HTMLElement, text)
      },
    }
  })

  const features = table('Features', [
    { label: 'Feature', look: 'wide' },
    { label: 'State' },
    { label: 'On up to' },
    { label: 'Action', look: 'actions', unseen: true },
  ])
  const featureTitle = make('h3', {}, 'Features')
  const featureRows = new Rows<FeatureItem>(features.body, () => featureRow(page, features.row()))

  const overrideForm = levelForm(page)
  const empty = make('p', { class: 'empty' }, 'Nothing manages the level of this service.')
  const content = make(
    'div',
    {},
    ladder,
    make('h3', {}, 'Rules'),
    rules.element,
    noRules,
    featureTitle,
    features.element,
    overrideForm.element,
  )
  byId('degradation').append(
    make('div', { class: 'panel-head' }, make('h2', { id: 'degradation-title' }, 'Degradation'), target),
    content,
    empty,
  )

  return {
    update(now) {
      const view = model.degradation
      setHidden(content, view === undefined)
      setHidden(empty, view !== undefined)
      if (view === undefined) return
      setText(
        target,
        view.target === undefined || view.target === view.level ? '' : `On the way to ${view.target}`,
      )
      for (const { level, about, time, element } of steps) {
        setAttribute(element, 'aria-current', level === view.level ? 'step' : undefined)
        const words = [
          level === view.level ? 'now' : undefined,
          level === view.target && level !== view.level ? 'called for' : undefined,
        ]
        setText(about, words.filter(Boolean).join(', '))
        setText(time, timeAt(view.timeAt?.[level]))
      }
      const active = view.activeRules ?? []
      setHidden(rules.element, active.length === 0)
      setHidden(noRules, active.length > 0)
      ruleRows.update(new Map(active.map((rule) => [rule.id, { ...rule, now }])))
      const list = view.features ?? []
      setHidden(features.element, list.length === 0)
      setHidden(featureTitle, list.length === 0)
      featureRows.update(new Map(list.map((feature) => [feature.name, { feature, now }])))
      overrideForm.update(view.override !== undefined)
    },
  }
}

function featureRow(page: Page, { element, cells }: { element: HTMLElement; cells: readonly HTMLElement[] }) {
  const [name, state, max, actions] = cells as [HTMLElement, HTMLElement, HTMLElement, HTMLElement]
  const title = make('span', { class: 'name' })
  const why = make('span', { class: 'about' })
  name.append(title, why)
  const sign = icon('pass')
  const word = make('span')
  state.append(make('span', { class: 'state' }, sign, word))
  const verb = make('span')
  const button = make('button', { type: 'button' }, verb, make('span', { class: 'unseen' }, ' '))
  const target = button.lastElementChild as HTMLElement
  actions.append(button)
  let current: FeatureView | undefined
  button.addEventListener('click', () => {
    if (current === undefined) return
    const { name: feature, killed } = current
    const question = killed
      ? {
          title: `Restore ${feature}?`,
          effect: 'The feature is on again whenever the level allows it.',
          verb: 'Restore',
        }
      : {
          title: `Switch ${feature} off?`,
          effect: 'Nobody can use the feature for an hour, whatever the level is.',
          verb: 'Switch off',
          danger: true,
          reason: 'required' as const,
        }
    void page.act(button, question, ({ reason }) =>
      page.api.send<FeatureActionAnswer>(
        'POST',
        `degradation/features/${part(feature)}/${killed ? 'restore' : 'kill'}`,
        killed ? { reason } : { reason, ttl: '1h' },
      ),
    )
  })
  return {
    element,
    update({ feature, now }: FeatureItem) {
      current = feature
      const { killed, on, maxLevel } = feature
      setText(title, feature.name)
      const ends =
        killed?.expiresAt === undefined ? '' : ` for ${formatCountdown(killed.expiresAt - now)} more`
      setText(why, killed ? `Off by ${killed.actor}${ends}: ${killed.reason}` : '')
      setIcon(sign, on ? 'pass' : 'disposed')
      setAttribute(element, 'data-status', on ? 'pass' : 'off')
      setText(word, on ? 'On' : killed ? 'Off by hand' : 'Off')
      setText(max, formatWord(maxLevel))
      setText(verb, killed ? 'Restore' : 'Switch off')
      setText(target, ` ${feature.name}`)
      setHidden(button, !page.can('override'))
    },
  }
}

function levelForm(page: Page): { readonly element: HTMLElement; update(set: boolean): void } {
  const choice = (id: string, options: readonly (readonly [string, string])[]): HTMLSelectElement =>
    make('select', { id }, ...options.map(([value, label]) => make('option', { value }, label)))
  const level = choice(
    'override-level',
    levels.map((each) => [each, formatWord(each)]),
  )
  const mode = choice('override-mode', [
    ['pin', 'Exactly'],
    ['floor', 'At least'],
  ])
  const time = choice('override-time', [
    ['15m', '15 minutes'],
    ['1h', '1 hour'],
    ['4h', '4 hours'],
    ['1d', '1 day'],
    ['never', 'Until cleared'],
  ])
  time.value = '1h'
  const reason = make('input', {
    id: 'override-reason',
    type: 'text',
    required: true,
    maxlength: 200,
    autocomplete: 'off',
  })
  const set = make('button', { type: 'submit' }, 'Set level')
  const clear = make('button', { type: 'button' }, 'Clear override')
  const field = (label: string, control: HTMLElement, wide = false): HTMLElement =>
    make('label', { class: wide ? 'field wide' : 'field' }, make('span', {}, label), control)
  const form = make(
    'form',
    { class: 'override-form', 'aria-label': 'Set the level by hand' },
    field('How', mode),
    field('Level', level),
    field('For', time),
    field('Reason', reason, true),
    make('div', { class: 'buttons' }, set, clear),
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
  clear.addEventListener('click', () => {
    void page.act(
      clear,
      {
        title: 'Clear the override?',
        effect: 'The level is at once what the rules call for.',
        verb: 'Clear override',
        reason: 'optional',
      },
      ({ reason }) => page.api.send<LevelActionAnswer>('POST', 'degradation/clear', { reason }),
    )
  })
  const element = make('div', {}, make('h3', {}, 'By hand'), form)
  return {
    element,
    update(isSet) {
      setHidden(element, !page.can('override'))
      if (!isSet && document.activeElement === clear) set.focus({ preventScroll: true })
      setHidden(clear, !isSet)
    },
  }
}

function timeAt(time: number | undefined): string {
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
