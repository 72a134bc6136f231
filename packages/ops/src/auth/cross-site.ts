/** Whether a browser was made to send a request by another site. */

/** What the check depends on. */
export interface CrossSiteOptions {
  /** Origins that may act besides that of the handler itself, such as `https://admin.example.com`. */
  readonly trustedOrigins: readonly string[]
  /** Whether `X-Forwarded-Host` tells the host. */
  readonly trustProxy: boolean
}

/**
 * Whether an unsafe request comes from another site. Requests without either header come from no browser.
 *
 * *Source:* `net/http.CrossOriginProtection` of Go 1.25, and "Protecting against CSRF in 2025", F. Valsorda.
 */
export function isCrossSite(request: Request, { trustedOrigins, trustProxy }: CrossSiteOptions): boolean {
  const { headers } = request
  const origin = headers.get('origin')
  if (origin !== null && trustedOrigins.includes(origin)) return false
  const site = headers.get('sec-fetch-site')
  if (site !== null) return site !== 'same-origin' && site !== 'none'
  if (origin === null) return false
  const forwarded = trustProxy ? headers.get('x-forwarded-host')?.split(',').at(-1)?.trim() : undefined
  return hostOf(origin) !== (forwarded ?? headers.get('host') ?? new URL(request.url).host)
}

function hostOf(origin: string): string | undefined {
  try {
    return new URL(origin).host
  } catch {
    return undefined // `null`, for one.
  }
}
