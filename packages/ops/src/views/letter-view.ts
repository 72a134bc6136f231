/** Dead letters as they are shown. */
import type { LetterDetailLike, LetterLike } from '../parts.ts'
import { redactData, redactText } from '../redact.ts'
import type { LetterAnswer, LetterView } from '../wire.ts'

const previewLength = 200
const longestContent = 16_384

/** All but the content; the text of the error without secrets. */
export function letterView(letter: LetterLike): LetterView {
  return {
    // Each field has its own value, and those that must be there are.
    ...(Object.fromEntries(
      letterFields.flatMap((field) => (letter[field] === undefined ? [] : [[field, letter[field]]])),
    ) as unknown as LetterView),
    error: errorView(letter.error),
  }
}

const letterFields = [
  'id',
  'state',
  'type',
  'failure',
  'failureClass',
  'errorClass',
  'diedAt',
  'firstFailedAt',
  'settledAt',
  'attempts',
  'replays',
  'retryCount',
  'maxRetries',
  'taskId',
  'source',
  'journey',
  'due',
  'leasedUntil',
] as const satisfies readonly (keyof LetterView)[]

/** One letter, with what is behind its error and what happened before. */
export function letterAnswer(queue: string, letter: LetterDetailLike): LetterAnswer {
  return {
    queue,
    ...letterView(letter),
    causes: letter.error.causes.map(errorView),
    // `detail` is a text of anybody; who wants it opens the letter.
    history: letter.history.map(({ at, event, by }) => ({
      at,
      event: redactText(event),
      ...(by !== undefined && { by: redactText(by) }),
    })),
  }
}

/** The content of a letter, without secrets. */
export function contentView(message: unknown): NonNullable<LetterAnswer['content']> {
  const clean = redactData(message)
  const full = JSON.stringify(clean, undefined, 2) ?? String(clean)
  return {
    preview: redactText(JSON.stringify(clean) ?? String(clean), previewLength),
    message: full.slice(0, longestContent),
    truncated: full.length > longestContent,
  }
}

function errorView({ name, message, code }: LetterLike['error']): LetterView['error'] {
  return {
    name: redactText(name, 100),
    message: redactText(message, previewLength),
    ...(code !== undefined && { code: redactText(code, 100) }),
  }
}
