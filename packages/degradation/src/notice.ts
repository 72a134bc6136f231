/** What users are told: plainly, and nothing about the inside. */
import type { Level } from './levels.ts'

/** A message for users. */
export interface Notice {
  /** The same as long as the message is, so that a user who has closed it is not bothered again. */
  readonly id: string
  readonly level: Level
  readonly title: string
  readonly message: string
  /** What does not work now, as users call it. */
  readonly affected: readonly string[]
  /** Since when, in milliseconds since 1970. */
  readonly since: number
  /** When to look again, in seconds. */
  readonly retryAfterSeconds: number
}

/** A title and a message for a level. */
export interface NoticeText {
  readonly title: string
  readonly message: string
}

/** Texts by language (`en`, `de-CH`), each by level. */
export type NoticeTexts = Readonly<
  Record<string, Readonly<Partial<Record<Exclude<Level, 'normal'>, NoticeText>>>>
>

const english: Readonly<Record<Exclude<Level, 'normal'>, NoticeText>> = {
  minor: {
    title: 'Some things are slower than usual',
    message: 'We are working on it. You can go on as usual.',
  },
  moderate: {
    title: 'Some functions are not available',
    message: 'The most important things work. We are working on the rest.',
  },
  severe: {
    title: 'We can offer only the most important functions',
    message: 'You can look at things, but changes may not be possible. We are working on it.',
  },
  critical: {
    title: 'We are having serious problems',
    message: 'What you see may be out of date, and nothing can be changed now. We are working on it.',
  },
}

/** The text for a level: in the language, in its base language, or in English. */
export function noticeText(level: Exclude<Level, 'normal'>, texts: NoticeTexts, locale: string): NoticeText {
  const base = locale.split('-')[0] as string
  return texts[locale]?.[level] ?? texts[base]?.[level] ?? texts['en']?.[level] ?? english[level]
}
