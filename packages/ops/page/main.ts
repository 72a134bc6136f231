/** The dashboard: signs in, follows the stream, and shows what it tells. */
import type { DeltaEvent, SeriesAnswer, SessionAnswer, SnapshotEvent, TransitionEvent } from '../src/wire.ts'
import { Api, ApiError } from './api.ts'
import { repaint } from './charts.ts'
import { Connection, type ConnectionState } from './connection.ts'
import { byId, setAttribute, setHidden, setText } from './dom.ts'
import { Announcements } from './model/announcements.ts'
import { formatClock, formatCountdown, plural } from './model/format.ts'
import { PageModel } from './model/page-model.ts'
import { storyOf } from './model/story.ts'
import { Page, type View } from './page.ts'
import { read, tokenStore, write } from './settings.ts'
import { audit } from './views/audit.ts'
import { banner } from './views/banner.ts'
import { breakers } from './views/breakers.ts'
import { degradation } from './views/degradation.ts'
import { figures } from './views/figures.ts'
import { health } from './views/health.ts'
import { letters } from './views/letters.ts'
import { limits } from './views/limits.ts'
import { log } from './views/log.ts'
import { report } from './views/report.ts'
import { traffic } from './views/traffic.ts'
import { upkeep } from './views/upkeep.ts'

/** From top to bottom. */
const parts = [
  banner,
  figures,
  breakers,
  traffic,
  health,
  degradation,
  letters,
  limits,
  log,
  audit,
  report,
  upkeep,
]

/** The page is drawn at most so often; the clocks in it run by the second. */
const drawEvery = 250

const login = byId<HTMLFormElement>('login')
const tokenField = byId<HTMLInputElement>('token')

choose('theme', 'auto')
choose('density', 'comfortable')
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', repaint)
byId('leave').addEventListener('click', () => {
  tokenStore.write(undefined)
  location.reload()
})
login.addEventListener('submit', (event) => {
  event.preventDefault()
  void signIn(tokenField.value.trim())
})
void begin()

/** With the token of this tab, or with whatever the browser sends by itself, or by asking for a token. */
async function begin(): Promise<void> {
  const token = tokenStore.read()
  try {
    await new Api(token).get<SessionAnswer>('session')
    start(token)
  } catch (error) {
    const unknown = error instanceof ApiError && error.status === 401
    if (!unknown && token !== undefined) return start(token)
    tokenStore.write(undefined)
    showLogin(
      unknown ? (token === undefined ? '' : 'The token is no longer valid.') : (error as Error).message,
    )
  }
}

async function signIn(token: string): Promise<void> {
  if (token === '') return tokenField.focus()
  setText(byId('login-error'), '')
  try {
    await new Api(token).get<SessionAnswer>('session')
  } catch (error) {
    const wrong = error instanceof ApiError && error.status === 401
    setText(byId('login-error'), wrong ? 'This token is not known.' : (error as Error).message)
    setAttribute(tokenField, 'aria-invalid', wrong ? 'true' : undefined)
    return tokenField.select()
  }
  tokenStore.write(token)
  tokenField.value = ''
  setHidden(login, true)
  start(token)
  byId('main').focus({ preventScroll: true })
}

function showLogin(error: string): void {
  setHidden(login, false)
  setText(byId('login-error'), error)
  tokenField.focus()
}

function start(token: string | undefined): void {
  setHidden(byId('board'), false)
  setHidden(byId('controls'), false)
  setHidden(byId('leave'), token === undefined)

  const model = new PageModel()
  const api = new Api(token)
  const announcements = new Announcements()
  let state: ConnectionState = { phase: 'connecting' }
  /** Since when the page stands still, on the server's clock, and how many events it has let pass. */
  let paused: { readonly at: number; events: number } | undefined
  let waiting = 0
  let drawn = 0

  const page = new Page(model, api, () => draw())
  const views = parts.map((part): View => part(page))

  const connection = new Connection(api, {
    onState(next) {
      if (next.phase === 'lost' && state.phase === 'live') announcements.add('The connection was lost')
      if (next.phase === 'live' && drawn > 0) announcements.add('Connected')
      state = next
      showConnection()
    },
    onRefused() {
      tokenStore.write(undefined)
      location.reload()
    },
    onEvent({ type, data }) {
      // Both sides are built from one description of the events, src/wire.ts.
      const event: unknown = JSON.parse(data)
      if (paused !== undefined) return pass(paused, type, event)
      if (type === 'snapshot') {
        model.snapshot(event as SnapshotEvent, Date.now())
        void loadPast()
        for (const view of views) view.load?.()
      } else if (type === 'delta') model.delta(event as DeltaEvent, Date.now())
      else if (type === 'transition') take(event as TransitionEvent)
      else return
      later()
    },
  })

  byId('pause').addEventListener('click', () => {
    if (paused === undefined) paused = { at: model.now(Date.now()), events: 0 }
    else {
      paused = undefined
      // What was let pass comes back with the next snapshot.
      connection.restart()
    }
    setAttribute(byId('pause'), 'aria-pressed', String(paused !== undefined))
    showConnection()
  })
  byId('retry-now').addEventListener('click', () => connection.hurry())
  window.addEventListener('online', () => connection.hurry())
  document.addEventListener('visibilitychange', () => {
    connection.hurry()
    later()
  })
  setInterval(() => {
    showConnection()
    const said = announcements.take(Date.now())
    if (said !== undefined) setText(byId('announcer'), said)
    later()
  }, 1000)

  function take(event: TransitionEvent): void {
    model.transition(event)
    const { text, urgent } = storyOf(event)
    if (urgent) announcements.add(text)
    for (const view of views) view.told?.(event)
  }

  /** The page stands still, but nobody should miss what matters. */
  function pass(still: { events: number }, type: string, event: unknown): void {
    if (type !== 'transition') return
    still.events++
    const { text, urgent } = storyOf(event as TransitionEvent)
    if (urgent) announcements.add(text)
    showConnection()
  }

  async function loadPast(): Promise<void> {
    try {
      model.past(await api.get<SeriesAnswer>('series', { seconds: 900 }))
      later()
    } catch {
      // The charts then begin now.
    }
  }

  /** Draws soon: however much arrives, not more often than can be seen. */
  function later(): void {
    if (waiting !== 0 || document.hidden) return
    waiting = setTimeout(() => {
      waiting = 0
      if (paused === undefined) draw()
    }, drawEvery)
  }

  function draw(): void {
    if (model.session === undefined) return
    drawn++
    // While the page stands still its clocks do too; what the reader does in it is still shown.
    const now = paused?.at ?? model.now(Date.now())
    const { service, actor } = model.session
    const name = service.name ?? 'Service'
    setText(byId('service'), [name, service.version, `signed in as ${actor}`].filter(Boolean).join(' · '))
    for (const view of views) view.update(now)
    const { openCircuits } = model.figures ?? { openCircuits: 0 }
    document.title = `${openCircuits > 0 ? `(${openCircuits}) ` : ''}${name} · Reliability`
  }

  function showConnection(): void {
    const place = byId('connection')
    const live = state.phase === 'live'
    setAttribute(place, 'data-phase', paused === undefined ? state.phase : 'paused')
    const text =
      state.phase === 'lost'
        ? `Not connected: ${state.why} Next try in ${formatCountdown(state.retryAt - Date.now())}.`
        : state.phase === 'connecting'
          ? 'Connecting…'
          : 'Live'
    const since = paused?.events ? `, ${plural(paused.events, 'event')} since` : ''
    const still = paused && `Paused at ${formatClock(paused.at)}${since}`
    setHidden(byId('retry-now'), state.phase !== 'lost')
    setText(place, still === undefined ? text : live ? still : `${still}. ${text}`)
    setAttribute(byId('board'), 'data-old', live ? undefined : true)
  }
}

function choose(name: 'theme' | 'density', standard: string): void {
  const select = byId<HTMLSelectElement>(name)
  const kept = read(name)[0] ?? standard
  select.value = kept
  // What was kept may be no choice any more.
  if (select.value !== kept) select.value = standard
  const apply = (): void => {
    setAttribute(document.documentElement, `data-${name}`, select.value)
    repaint()
  }
  select.addEventListener('change', () => {
    write(name, [select.value])
    apply()
  })
  apply()
}
