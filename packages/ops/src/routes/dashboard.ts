/** The page that shows it all. It holds no data, so everybody may have it; what it shows, it asks for with a token. */
import type { DashboardAsset } from '../dashboard/assets.ts'
import { text } from '../http/answers.ts'
import { notFound } from '../http/fault.ts'
import type { Route } from '../http/router.ts'

const headers: Readonly<Record<string, string>> = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
}

/** The routes of the page: the admin path itself, with a slash at its end, and what the page loads. */
export function dashboardRoutes(
  adminPath: string,
  assets: Readonly<Record<string, DashboardAsset>>,
): Route[] {
  const show = (file: string): Response => {
    const asset = Object.hasOwn(assets, file) ? assets[file] : undefined
    if (asset === undefined) throw notFound('such file')
    return text(asset.body, asset.contentType, 200, headers)
  }
  return [
    {
      method: 'GET',
      path: adminPath,
      access: 'public',
      handle: ({ url }) =>
        // Relative addresses in the page need the slash.
        url.pathname.endsWith('/')
          ? show('index.html')
          : new Response(null, {
              status: 308,
              headers: { location: `${url.pathname}/${url.search}`, 'cache-control': 'no-store' },
            }),
    },
    {
      method: 'GET',
      path: `${adminPath}/ui/{file}`,
      access: 'public',
      handle: ({ params }) => show(`ui/${params['file']}`),
    },
  ]
}
