import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { chromiumPath, needsChromium } from './chromium.ts'
import { seriousProblems, visits } from './visits.ts'

describe.skipIf(chromiumPath === undefined)(`the dashboard in a browser${needsChromium}`, () => {
  const { signIn, visit } = visits()

  /** Goes on by keyboard until the focus is where it should be. */
  async function tabTo(page: Page, name: string): Promise<void> {
    for (let presses = 0; presses < 200; presses++) {
      const text = await page.evaluate('document.activeElement?.textContent?.trim() ?? ""')
      if (text === name) return
      await page.keyboard.press('Tab')
    }
    throw new Error(`The keyboard does not lead to ${name}.`)
  }

  const focused = (page: Page): Promise<unknown> =>
    page.evaluate('document.activeElement?.textContent?.trim()')
  it('asks for a token, keeps it for the tab only, and forgets it', async () => {
    const { ops, page } = await visit()
    await page.locator('#token').fill('a-token-that-is-not-known')
    await page.keyboard.press('Enter')
    await page.getByText('This token is not known.').waitFor()
    expect(await seriousProblems(page)).toEqual([])

    await page.locator('#token').fill(ops.token)
    await page.keyboard.press('Enter')
    await page.locator('.card').first().waitFor()
    expect(page.url()).toBe(ops.url)
    expect(await page.context().cookies()).toEqual([])
    expect(await page.evaluate('JSON.stringify(localStorage)')).not.toContain(ops.token)

    await page.reload()
    await page.locator('.card').first().waitFor()
    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.locator('#token').waitFor()
    expect(await page.evaluate('sessionStorage.length')).toBe(0)
  })

  it('shows the state of a circuit as a word, with how long and why', async () => {
    const { page } = await signIn()
    const card = page.getByRole('article', { name: 'payments' })
    expect(await card.locator('.state').textContent()).toBe('Open')
    expect(await card.locator('.detail').textContent()).toMatch(
      /^for 1 min \d+ s · failure rate · next trial in \d+ s · opened 3 times in a row$/,
    )
    expect(await card.getByRole('img').first().getAttribute('aria-label')).toMatch(/^In the last 15 min: /)
    // Those that need somebody come first.
    expect(await page.locator('.card h3').first().textContent()).toBe('payments')
    expect(await page.locator('#banner').textContent()).toContain('ModerateDegraded service')
  })

  it('resets a breaker by keyboard alone, and stays there', async () => {
    const { ops, page } = await signIn()
    await tabTo(page, 'Reset payments')
    await page.keyboard.press('Enter')
    const dialog = page.getByRole('dialog', { name: 'Reset payments?' })
    await dialog.waitFor()
    expect(await seriousProblems(page)).toEqual([])
    expect(ops.actions).toEqual([])

    await page.keyboard.press('Escape')
    expect(await focused(page)).toBe('Reset payments')
    expect(ops.actions).toEqual([])

    await page.keyboard.press('Enter')
    await page.keyboard.press('Shift+Tab')
    await page.keyboard.press('Shift+Tab')
    await page.keyboard.press('Shift+Tab')
    await page.keyboard.type('the bank is back')
    await page.keyboard.press('Enter')
    await page.getByText('payments: open → closed.').waitFor()
    expect(ops.actions).toEqual([
      { method: 'POST', path: 'circuit-breakers/payments/reset', body: { reason: 'the bank is back' } },
    ])
    await page.getByRole('article', { name: 'payments' }).getByText('Closed', { exact: true }).waitFor()
    expect(await focused(page)).toBe('Reset payments')
  })

  it('keeps the focus at a card whose button is gone', async () => {
    const { ops, page } = await signIn()
    await tabTo(page, 'Force open catalogue')
    await page.keyboard.press('Enter')
    // What turns every call away is not one key away.
    expect(await focused(page)).toBe('Cancel')
    await tabTo(page, 'Force open')
    await page.keyboard.press('Enter')
    await page.getByRole('article', { name: 'catalogue' }).getByText('Isolated', { exact: true }).waitFor()
    expect(ops.actions.map(({ path }) => path)).toEqual(['circuit-breakers/catalogue/force-open'])
    expect(await focused(page)).toBe('catalogue')
  })

  it('replays dead letters by keyboard alone, and goes on at the next', async () => {
    const { ops, page } = await signIn()
    const rows = page.locator('#letters tbody tr')
    await rows.first().waitFor()
    const name = (await rows.first().getByRole('button', { name: 'Replay' }).textContent()) as string
    const second = (await rows.nth(1).getByRole('button', { name: 'Replay' }).textContent()) as string
    await page.locator('#letters-type').focus()
    await tabTo(page, name)
    await page.keyboard.press('Enter')
    await page.getByRole('dialog').waitFor()
    await page.keyboard.press('Enter')
    await page.getByText('1 replayed.').waitFor()
    await rows.first().getByRole('button', { name: second }).waitFor()
    expect(ops.actions).toHaveLength(1)
    expect(ops.actions[0]?.path).toMatch(/^dlq\/orders\/.+\/retry$/)
    expect(await page.evaluate('document.activeElement?.getAttribute("aria-label")')).toContain(
      second.slice(7),
    )

    // Two at once.
    await page.keyboard.press('Space')
    await rows.nth(1).getByRole('checkbox').focus()
    await page.keyboard.press('Space')
    await page.getByRole('button', { name: 'Replay selected' }).focus()
    await page.keyboard.press('Enter')
    await page.getByRole('dialog', { name: 'Replay 2 letters of orders?' }).waitFor()
    await page.keyboard.press('Enter')
    await page.getByText('2 replayed.').waitFor()
    expect(ops.actions[1]?.body['ids']).toHaveLength(2)
    await page.getByText('24 dead').waitFor()
  })

  it('turns pages of dead letters, and shows one with its content', async () => {
    const { page } = await signIn()
    const rows = page.locator('#letters tbody tr')
    await rows.first().waitFor()
    expect(await rows.count()).toBe(15)
    await page.getByRole('button', { name: 'Older', exact: true }).click()
    await page.getByText('Page 2').waitFor()
    await expect.poll(() => rows.count()).toBe(12)
    await rows.first().getByRole('button', { name: 'View' }).click()
    const dialog = page.getByRole('dialog', { name: 'Dead letter of orders' })
    await dialog.getByText('attempt failed by worker-3').waitFor()
    await dialog.getByRole('button', { name: 'Show content' }).click()
    await dialog.getByText('"order": 4711').waitFor()
    expect(await seriousProblems(page)).toEqual([])
  })

  it('shows names that are markup as the text they are', async () => {
    const strange = [
      '<img src=x onerror="window.attacked = 1">',
      '"><script>window.attacked = 1</script>',
      "' onmouseover='window.attacked = 1",
      '__proto__',
      '{{constructor.constructor("window.attacked = 1")()}}',
    ]
    const { ops, page } = await signIn({ strange })
    const image = '<svg onload="window.attacked = 1">'
    ops.send('transition', {
      seq: 99,
      time: Date.now(),
      kind: 'circuit-breaker',
      name: image,
      type: 'stateChange',
      facts: { to: image, reason: image },
    })
    await page.locator('#log').getByText('window.attacked').first().waitFor()
    const titles = await page.locator('.card h3').allTextContents()
    expect(titles).toEqual(expect.arrayContaining(strange))
    expect(await page.evaluate('window.attacked')).toBeUndefined()
    expect(await page.locator('main img, main script').count()).toBe(0)

    const name = strange[0] as string
    await page.getByRole('button', { name: `Reset ${name}`, exact: true }).click()
    await page.getByRole('dialog', { name: `Reset ${name}?` }).waitFor()
    await page.keyboard.press('Enter')
    await page.getByText(`${name}: open → closed.`).waitFor()
    expect(ops.actions.map(({ path }) => path)).toEqual([`circuit-breakers/${name}/reset`])
    expect(await page.evaluate('window.attacked')).toBeUndefined()
  })

  it('says that the connection is lost, and comes back by itself', async () => {
    const { ops, page } = await signIn()
    await page.locator('#breaker-filter').fill('pay')
    ops.cut(true)
    await page.getByText('Not connected').waitFor()
    expect(await page.locator('#board').getAttribute('data-old')).toBe('')
    ops.cut(false)
    await page.getByText('Live', { exact: true }).waitFor()
    expect(await page.locator('#board').getAttribute('data-old')).toBeNull()
    expect(await page.locator('#breaker-filter').inputValue()).toBe('pay')
    expect(await focusedId(page)).toBe('breaker-filter')
    expect(await page.locator('.card').count()).toBe(1)
  })

  it('changes in place: what is selected, typed or focused stays', async () => {
    const { ops, page } = await signIn()
    await page.evaluate(
      'window.card = document.querySelector(".card"); getSelection().selectAllChildren(card.querySelector("h3"))',
    )
    await page.locator('#override-reason').fill('half a sent')
    ops.send('delta', {})
    ops.send('transition', {
      seq: 98,
      time: Date.now(),
      kind: 'health',
      name: 'default',
      type: 'overallChanged',
      facts: { to: 'fail' },
    })
    await page.getByText('Health is fail').first().waitFor()
    expect(
      await page.evaluate('window.card.isConnected && window.card === document.querySelector(".card")'),
    ).toBe(true)
    expect(await page.locator('#override-reason').inputValue()).toBe('half a sent')
    expect(await focusedId(page)).toBe('override-reason')
  })

  it('says aloud what has changed', async () => {
    const { ops, page } = await signIn()
    const said = page.locator('#announcer')
    for (const seq of [50, 51, 52])
      ops.send('transition', {
        seq,
        time: Date.now(),
        kind: 'circuit-breaker',
        name: `mail-${seq}`,
        type: 'stateChange',
        facts: { to: 'open' },
      })
    await expect
      .poll(() => said.textContent())
      .toBe('Circuit mail-50 is open. Circuit mail-51 is open. Circuit mail-52 is open.')
  })

  it('stands still while it is paused, and catches up afterwards', async () => {
    const { ops, page } = await signIn()
    await page.getByRole('button', { name: 'Pause' }).click()
    await page.getByText('Paused at').waitFor()
    ops.send('transition', {
      seq: 60,
      time: Date.now(),
      kind: 'x',
      name: 'y',
      type: 'strangeThing',
      facts: {},
    })
    await page.getByText('1 event since').waitFor()
    expect(await page.getByText('y: strange thing').count()).toBe(0)
    await page.getByRole('button', { name: 'Pause' }).click()
    await page.getByText('Live', { exact: true }).waitFor()
  })

  it('offers nothing to do to those who may only look', async () => {
    const { page } = await signIn({ scopes: ['read'] })
    await page.locator('#letters tbody tr').first().waitFor()
    const buttons = await page.locator('#board button:visible').allTextContents()
    expect(buttons.filter((text) => !/^(Pin|View|Newer|Older)/.test(text))).toEqual([])
    expect(await page.locator('#letters input[type=checkbox]:visible').count()).toBe(0)
    expect(await page.locator('#override-reason').isVisible()).toBe(false)
  })

  it('sets the level and switches features, with a reason', async () => {
    const { ops, page } = await signIn()
    await page.locator('#override-level').selectOption('severe')
    await page.locator('#override-time').selectOption('15m')
    await page.getByRole('button', { name: 'Set level' }).click()
    // Nothing happens without a reason.
    expect(await page.getByRole('dialog').count()).toBe(0)
    await page.locator('#override-reason').fill('database maintenance')
    await page.getByRole('button', { name: 'Set level' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Set level' }).click()
    await page.getByText('Done.').waitFor()
    await page.getByRole('button', { name: 'Switch off checkout' }).click()
    await page.keyboard.type('wrong prices')
    await page.keyboard.press('Enter')
    await expect
      .poll(() => ops.actions)
      .toEqual([
        {
          method: 'POST',
          path: 'degradation/set-level',
          body: { level: 'severe', mode: 'pin', ttl: '15m', reason: 'database maintenance' },
        },
        {
          method: 'POST',
          path: 'degradation/features/checkout/kill',
          body: { reason: 'wrong prices', ttl: '1h' },
        },
      ])
  })

  it('shows what each rule reads, from when on it holds, and whether it counts', async () => {
    const { page } = await signIn()
    const rows = page.getByRole('table', { name: 'Rules and what they read now' }).getByRole('row')
    const cells = async (index: number): Promise<string[]> =>
      rows.nth(index).getByRole('cell').allTextContents()
    // Those that count come first.
    const [rule, ...rest] = await cells(1)
    expect(rule).toBe('several-circuits-openpayments, inventory, search')
    expect(rest.slice(0, 3)).toEqual(['Moderate', '3', '2'])
    expect(rest[3]).toMatch(/^for 1 min \d+ s$/)
    expect((await cells(2)).slice(1).join(' ')).toMatch(
      /^Minor 12.4 ms 500 ms for \d+ sholds no more, ends in \d+ s$/,
    )
    expect((await cells(4)).slice(1)).toEqual(['Minor', '41 %', '85 %', 'no'])
    // A rule that tells no figures has none.
    expect((await cells(5)).slice(1)).toEqual(['Minor', '–', '–', 'no'])
  })

  it('purges old letters by keyboard alone, after it has asked and was told why', async () => {
    const { ops, page } = await signIn()
    await page.locator('#purge-age').selectOption('7d')
    await page.locator('#purge-age').focus()
    await tabTo(page, 'Purge')
    await page.keyboard.press('Enter')
    const dialog = page.getByRole('dialog', { name: 'Purge orders of all older than 7 days?' })
    await dialog.getByText('The oldest is 3 h old.').waitFor()
    expect(await seriousProblems(page)).toEqual([])
    // Nothing happens without a reason.
    await page.keyboard.press('Enter')
    expect([await dialog.isVisible(), ops.actions]).toEqual([true, []])
    await page.keyboard.type('test data')
    await page.keyboard.press('Enter')
    await page.getByText('5 letters were removed.').waitFor()
    expect(ops.actions).toEqual([
      { method: 'POST', path: 'dlq/orders/purge', body: { olderThan: '7d', reason: 'test data' } },
    ])
    expect(await focused(page)).toBe('Purge')
  })

  it('offers no purge to those who may only act on parts', async () => {
    const { page } = await signIn({ scopes: ['read', 'operate'] })
    await page.locator('#letters tbody tr').first().waitFor()
    expect(await page.getByRole('button', { name: 'Replay capture-payment' }).first().isVisible()).toBe(true)
    expect(await page.locator('#purge-age').isVisible()).toBe(false)
  })

  it('shows the reliability report of the time that is chosen', async () => {
    const { page } = await signIn()
    const report = page.getByRole('region', { name: 'Reliability report' })
    await report.getByText('95.7 %; with what fallbacks and memory answered >99.9 %').waitFor()
    const payments = report.getByRole('row').filter({ hasText: 'payments' }).first()
    expect(await payments.getByRole('cell').allTextContents()).toEqual([
      'payments',
      '3',
      '42 s',
      '12.4k',
      '2.2 %',
      '930',
      '1.8 s',
    ])
    await report.getByText('830 retries saved 611 calls; 44 calls failed all the same').waitFor()
    await report.getByText('normal 50 min, minor 4 min, moderate 6 min').waitFor()
    await report.getByText('Timeout payments, limit:').waitFor()
    await report.getByRole('combobox').selectOption('6h')
    await report.getByText(', 6 h: what this instance remembers.').waitFor()
  })

  it('shows how upkeep does, and runs a job', async () => {
    const { ops, page } = await signIn()
    const upkeep = page.getByRole('region', { name: 'Upkeep' })
    const row = upkeep.getByRole('row').filter({ hasText: 'processDeadLetters' })
    await row.getByText('failed 3 times in a row').waitFor()
    expect(await row.getByRole('cell').nth(1).textContent()).toContain('Failed')
    expect(await row.getByRole('cell').nth(3).textContent()).toMatch(/^in \d+ s$/)
    await upkeep.getByText('Not yet').waitFor()
    await row.getByRole('button', { name: 'Run processDeadLetters' }).click()
    await page.getByRole('dialog', { name: 'Run processDeadLetters now?' }).waitFor()
    await page.keyboard.press('Enter')
    await page.getByText('processDeadLetters: done.').waitFor()
    expect(ops.actions).toEqual([{ method: 'POST', path: 'upkeep/processDeadLetters/run', body: {} }])
  })

  it('says so where there is no upkeep', async () => {
    const { page } = await signIn({ withUpkeep: false })
    await page.getByText('No upkeep was given.').waitFor()
  })

  it('reads the chart where the pointer is', async () => {
    const { page } = await signIn()
    const chart = page.locator('#traffic .chart')
    await chart.scrollIntoViewIfNeeded()
    await chart.locator('canvas').waitFor()
    const { width = 0, height = 0 } = (await chart.boundingBox()) ?? {}
    await chart.hover({ position: { x: width / 2, y: height / 2 } })
    await expect
      .poll(() => page.locator('#traffic .reading').textContent())
      .toMatch(/^\d\d:\d\d:\d\d: [\d.]+\/s, [\d.]+\/s failed, [\d.]+\/s rejected\.$/)
  })

  const focusedId = (page: Page): Promise<unknown> => page.evaluate('document.activeElement?.id')
})
