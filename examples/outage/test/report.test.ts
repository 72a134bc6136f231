import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { claims } from '../src/claims.ts'
import { page } from '../src/report.ts'
import { goodResult } from './good-result.ts'

const style = readFileSync(new URL('../src/report.css', import.meta.url), 'utf8')
const html = page(goodResult(), claims(goodResult()), style)

describe('the report', () => {
  it('needs nothing but itself', () => {
    expect(html).not.toMatch(/<script|<link|<img|@import|url\(|https?:\/\//)
  })

  it('tells screen readers what each plot shows', () => {
    const plots = html.match(/<svg[^>]*role="img"[^>]*>/g) ?? []
    expect(plots).toHaveLength(4)
    for (const plot of plots) {
      const ids = /aria-labelledby="([^"]+)"/.exec(plot)?.[1]?.split(' ') ?? []
      expect(ids).toHaveLength(2)
      for (const id of ids) expect(html).toMatch(new RegExp(`<(title|desc) id="${id}">[^<]{10,}<`))
    }
  })

  it('draws numbers only', () => {
    const paths = [...html.matchAll(/<path class="[^"]*" d="([^"]*)"/g)].map(([, d]) => d)
    expect(paths.length).toBeGreaterThan(8)
    for (const path of paths) expect(path).not.toMatch(/NaN|Infinity|undefined/)
    expect(html).not.toMatch(/NaN|undefined|Infinity/)
  })

  it('knows light and dark, and escapes what it is told', () => {
    expect(html).toContain('prefers-color-scheme: dark')
    const odd = [{ id: 'x', says: 'a < b & "c"', holds: false, shows: '<1 ms' }]
    const text = page(goodResult(), odd, '')
    expect(text).toContain('a &lt; b &amp; &quot;c&quot;')
    expect(text).toContain('&lt;1 ms')
  })
})
