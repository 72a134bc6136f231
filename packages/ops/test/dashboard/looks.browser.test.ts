import { describe, expect, it } from 'vitest'
import { chromiumPath, needsChromium } from './chromium.ts'
import { seriousProblems, visits } from './visits.ts'

/** Set to a folder, it gets a picture of every size and theme, for people to look at. */
const pictures = process.env['DASHBOARD_PICTURES']

describe.skipIf(chromiumPath === undefined)(`the looks of the dashboard${needsChromium}`, () => {
  const { signIn } = visits()

  const looks = (['light', 'dark'] as const).flatMap((colorScheme) =>
    [320, 768, 1440].map((width) => ({ width, colorScheme })),
  )

  it.each(looks)('are accessible and cut off nowhere at $width pixels, $colorScheme', async (look) => {
    const { width, colorScheme } = look
    const { page } = await signIn({ colorScheme, viewport: { width, height: 900 } })
    await page.getByText('The same as a table').click()
    await page.locator('#letters tbody tr').first().waitFor()
    // Dark is dark, and light is light.
    const ground = 'getComputedStyle(document.documentElement).backgroundColor'
    const [red = 0] = /\d+/.exec((await page.evaluate(ground)) as string) ?? []
    expect(Number(red) > 127 ? 'light' : 'dark').toBe(colorScheme)
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width)
    expect(await seriousProblems(page)).toEqual([])
    if (pictures === undefined) return
    // Charts are drawn once they are seen.
    await page.setViewportSize({ width, height: 12_000 })
    await page.waitForTimeout(500)
    await page.setViewportSize({
      width,
      height: (await page.evaluate('document.body.scrollHeight')) as number,
    })
    await page.screenshot({ path: `${pictures}/${width}-${colorScheme}.png` })
  })

  it('can be chosen, and stay chosen', async () => {
    const { page } = await signIn({ colorScheme: 'light' })
    const ground = (): Promise<unknown> =>
      page.evaluate('getComputedStyle(document.documentElement).backgroundColor')
    const light = await ground()
    await page.locator('#theme').selectOption('dark')
    await page.locator('#density').selectOption('compact')
    const dark = await ground()
    expect(dark).not.toBe(light)
    expect(await seriousProblems(page)).toEqual([])
    await page.reload()
    await page.locator('.card').first().waitFor()
    expect(await ground()).toBe(dark)
    expect(await page.locator('#density').inputValue()).toBe('compact')
  })

  it('do not move for those who asked for that', async () => {
    const { page } = await signIn({ reducedMotion: 'reduce' })
    expect(await page.evaluate('getComputedStyle(document.documentElement).scrollBehavior')).toBe('auto')
    const moving = 'document.getAnimations().length'
    expect(await page.evaluate(moving)).toBe(0)
  })
})
