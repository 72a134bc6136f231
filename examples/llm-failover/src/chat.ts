/** The client: one question, two providers, plain fetch. */
import { type Failover, type FailoverOptions, failover } from '@seaworthy/fallback'
import type { FakeProvider } from './fake-provider.ts'

export interface Question {
  readonly text: string
  readonly stream: boolean
}

/** What the user got to read, and from whom. */
interface Reply {
  readonly model: string
  readonly content: string
}

/** A client of the two providers, and what must not happen. */
export interface Chat {
  readonly models: Failover<Question, Response>
  ask(question: Question): Promise<Reply>
  /** Answers with status 429, and attempts that came before the time such an answer named. */
  readonly limited: number
  readonly early: number
}

/** The times of this example: the defaults made shorter by about five, so that an outage fits into a minute. */
const quickly = {
  firstByteTimeout: { least: '500ms', most: '1s' },
  cooldown: { initial: '1s', max: '3s' },
  slowStart: '1s',
  deadline: '10s',
} satisfies FailoverOptions<Question, Response>

/** @param probed - Whether providers that are down are probed; otherwise the next questions are the trials. */
export function startChat(name: string, providers: readonly FakeProvider[], probed: boolean): Chat {
  let limited = 0
  let early = 0
  const allowedAt = new Map<string, number>()

  async function complete(
    provider: FakeProvider,
    question: Question,
    signal: AbortSignal,
  ): Promise<Response> {
    if (performance.now() < (allowedAt.get(provider.name) ?? 0)) early++
    const response = await fetch(`${provider.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer key of ${provider.name}` },
      body: JSON.stringify({
        model: provider.name,
        stream: question.stream,
        messages: [{ role: 'user', content: question.text }],
      }),
      signal,
    })
    if (response.status === 429) {
      limited++
      const seconds = Number(response.headers.get('retry-after'))
      const until = performance.now() + seconds * 1000
      allowedAt.set(provider.name, Math.max(until, allowedAt.get(provider.name) ?? 0))
    }
    return response
  }

  async function probe(provider: string, signal: AbortSignal): Promise<void> {
    if (performance.now() < (allowedAt.get(provider) ?? 0)) early++
    const { url } = providers.find(({ name }) => name === provider) as FakeProvider
    const response = await fetch(`${url}/v1/models`, { signal })
    await response.text()
    if (!response.ok) throw new Error(`${provider} answers ${response.status}`)
  }

  const models = failover<Question, Response>(
    providers.map((provider) => ({
      name: provider.name,
      call: (question, { signal }) => complete(provider, question, signal),
    })),
    { name, ...quickly, ...(probed && { probe }) },
  )
  return {
    models,
    ask: async (question) => read(await models.call(question), question.stream),
    get limited() {
      return limited
    },
    get early() {
      return early
    },
  }
}

async function read(response: Response, stream: boolean): Promise<Reply> {
  const text = await response.text()
  if (!stream) {
    const { model, choices } = JSON.parse(text) as {
      model: string
      choices: [{ message: { content: string } }]
    }
    return { model, content: choices[0].message.content }
  }
  let model = ''
  let content = ''
  for (const line of text.split('\n\n')) {
    const data = line.slice('data: '.length)
    if (data === '' || data === '[DONE]') continue
    const piece = JSON.parse(data) as { model: string; choices: [{ delta: { content: string } }] }
    if (model !== '' && model !== piece.model) throw new Error('Two models in one answer')
    model = piece.model
    content += piece.choices[0].delta.content
  }
  return { model, content }
}
