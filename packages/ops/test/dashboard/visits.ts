/** Visits of the dashboard with a browser, for the tests of a suite. */
import axe from 'axe-core'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest'
import { launchChromium } from './chromium.ts'
import { type FakeOps, type FakeOptions, fakeOps } from './fake-ops.ts'

export interface Visit {
  readonly ops: FakeOps
  readonly page: Page
}

type VisitOptions = FakeOptions & BrowserContextOptions

/** Call it in `describe`: the browser is there while its tests run, and no page of theirs may complain about anything. */
export function visits(): {
  readonly visit: (options?: VisitOptions) => Promise<Visit>
  readonly signIn: (options?: VisitOptions) => Promise<Visit>
} {
  let browser: Browser
  let close: (() => Promise<unknown>)[] = []
  /** Errors of scripts, and what the policy forbade. */
  let complaints: string[] = []

  beforeAll(async () => {
    browser = await launchChromium()
  })
  afterAll(() => browser.close())
  beforeEach(() => {
    complaints = []
  })
  afterEach(async () => {
    for (const each of close.reverse()) await each()
    close = []
    expect(complaints).toEqual([])
  })

  async function visit(options: VisitOptions = {}): Promise<Visit> {
    const ops = await fakeOps(options)
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options })
    close.push(ops.close, () => context.close())
    const page = await context.newPage()
    page.on('pageerror', (error) => complaints.push(error.message))
    page.on('console', (message) => {
      if (/Content Security Policy|Refused/.test(message.text())) complaints.push(message.text())
    })
    await page.goto(ops.url)
    return { ops, page }
  }

  async function signIn(options: VisitOptions = {}): Promise<Visit> {
    const { ops, page } = await visit(options)
    await page.locator('#token').fill(ops.token)
    await page.keyboard.press('Enter')
    await page.locator('.card').first().waitFor()
    return { ops, page }
  }
  return { visit, signIn }
}

/** What breaks the Web Content Accessibility Guidelines 2.2, levels A and AA, as far as a program can tell, or good practice. */
export async function seriousProblems(page: Page): Promise<string[]> {
  await page.evaluate(axe.source)
  const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']
  const { violations } = (await page.evaluate(
    `axe.run(document, { runOnly: ${JSON.stringify(tags)}, resultTypes: ['violations'] })`,
  )) as axe.AxeResults
  return violations.flatMap(({ id, impact, nodes }) =>
    nodes.map(({ html }) => `${impact} ${id}: ${html.slice(0, 150)}`),
  )
}
