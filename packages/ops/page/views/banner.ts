/** How much the service does now, and why: the first thing to read. */
import { byId, icon, make, setAttribute, setHidden, setIcon, setText } from '../dom.ts'
import { formatClock, formatCountdown, formatFor, formatWord } from '../model/format.ts'
import type { Page, View } from '../page.ts'

const promises = {
  full: 'Full service',
  degraded: 'Degraded service',
  limited: 'Limited service',
  'cache-only': 'Answers from memory only',
} as const

export function banner({ model }: Page): View {
  const sign = icon('pass')
  const title = make('strong.level')
  const service = make('span.service')
  const since = make('p.since')
  const reason = make('p.reason')
  const override = make('p.override')
  const health = make('p.overall')
  byId('banner').append(
    make('p.headline', sign, title, service),
    make('div.details', since, reason, override, health),
  )
  return {
    update(now) {
      const { degradation, health: report } = model
      const value = degradation?.value ?? (report?.status === 'fail' ? 3 : report?.status === 'warn' ? 1 : 0)
      setAttribute(byId('banner'), 'data-tone', value === 0 ? 'good' : value < 3 ? 'warn' : 'bad')
      setIcon(sign, value === 0 ? 'pass' : value < 3 ? 'warn' : 'fail')
      setText(
        title,
        degradation === undefined
          ? `Health: ${report?.status ?? 'not watched'}`
          : formatWord(degradation.level),
      )
      setText(service, degradation === undefined ? '' : promises[degradation.serviceLevel])

      const at = degradation?.since
      setText(since, at === undefined ? '' : `Since ${formatClock(at)}, for ${formatFor(now - at)}`)
      setHidden(since, at === undefined)
      const why =
        degradation !== undefined && degradation.override === undefined && value > 0
          ? degradation.reason
          : undefined
      const about = degradation?.rules?.find(({ id }) => id === why)?.reading?.about ?? []
      const names = about.length > 0 ? ` (${about.join(', ')})` : ''
      setText(reason, why ? `Why: ${why}${names}` : '')
      setHidden(reason, !why)

      const set = degradation?.override
      const ends =
        set?.expiresAt === undefined
          ? 'until it is cleared'
          : `for ${formatCountdown(set.expiresAt - now)} more`
      setText(
        override,
        set === undefined
          ? ''
          : `Set by ${set.actor} to ${set.mode === 'floor' ? 'at least ' : ''}${set.level}, ${ends}: ${set.reason}`,
      )
      setHidden(override, set === undefined)

      const notes = report === undefined || report.notes.length === 0 ? '' : ` (${report.notes.join('; ')})`
      setText(
        health,
        report === undefined || degradation === undefined ? '' : `Health: ${report.status}${notes}`,
      )
      setHidden(health, report === undefined || degradation === undefined)
    },
  }
}
