/** A real browser for tests, if there is one. */
import { existsSync } from 'node:fs'
import { type Browser, chromium } from 'playwright-core'

const places = [
  process.env['CHROMIUM_PATH'],
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
]

/** Where Chromium is installed. */
export const chromiumPath: string | undefined = places.find((path) => path !== undefined && existsSync(path))

/** For the name of a suite that is skipped without one. */
export const needsChromium: string =
  chromiumPath === undefined
    ? ' (skipped: no Chromium; set CHROMIUM_PATH or install the package chromium)'
    : ''

export function launchChromium(): Promise<Browser> {
  return chromium.launch({
    executablePath: chromiumPath as string, // suites that call this are skipped without one
    headless: true,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  })
}
