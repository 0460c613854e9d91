import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { accessSync, constants, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import type { Readable, Writable } from 'node:stream'

const names = ['chromium', 'chromium-browser', 'google-chrome']
const answerTimeoutMs = 60_000

/** The Chromium of this machine, or undefined. */
export const chromium = (process.env['PATH'] ?? '')
  .split(delimiter)
  .flatMap((directory) => names.map((name) => join(directory, name)))
  .find((path) => {
    try {
      accessSync(path, constants.X_OK)
      return true
    } catch {
      return false
    }
  })

export interface PageIn {
  /** One command of the DevTools protocol. Rejects with its error. */
  send(method: string, parameters?: Readonly<Record<string, unknown>>): Promise<Record<string, unknown>>
  /** The value of an expression on the page. */
  value<T>(expression: string): Promise<T>
  /** Every address the page asked for, the page itself first. */
  asked(): readonly string[]
  /** Opens an address and waits until it has loaded. */
  open(url: string): Promise<void>
}

interface Message {
  readonly id?: number
  readonly method?: string
  readonly params?: { readonly request?: { readonly url: string } }
  readonly result?: Record<string, unknown>
  readonly error?: { readonly message: string }
}

/**
 * A page in a headless Chromium, gone afterwards whatever happens. It is spoken to over a pipe, in the DevTools
 * protocol: a dozen lines in place of a dependency of megabytes.
 */
export async function withPage(program: string, work: (page: PageIn) => Promise<void>): Promise<void> {
  const profile = mkdtempSync(join(tmpdir(), 'evha-chromium-'))
  const switches = `--headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage --no-first-run --hide-scrollbars
    --disable-background-networking --disable-component-update --disable-sync --remote-debugging-pipe`
  const child = spawn(program, [...switches.split(/\s+/), `--user-data-dir=${profile}`, 'about:blank'], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'],
    // The helpers of the browser go with it.
    detached: true,
  })
  const ended = once(child, 'close')
  try {
    await work(await firstPage(new Pipe(child.stdio[3] as Writable, child.stdio[4] as Readable)))
  } finally {
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGKILL')
    await ended
    rmSync(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
  }
}

/** Messages as JSON, each ended by a zero byte. */
class Pipe {
  readonly #to: Writable
  #rest = ''
  #id = 0
  readonly #waiting = new Map<number, (message: Message) => void>()
  readonly events: Message[] = []

  constructor(to: Writable, from: Readable) {
    this.#to = to
    to.on('error', () => undefined)
    from.setEncoding('utf8').on('data', (text: string) => {
      const [...messages] = `${this.#rest}${text}`.split('\0')
      this.#rest = messages.pop() ?? ''
      for (const message of messages) this.#hear(JSON.parse(message) as Message)
    })
  }

  #hear(message: Message): void {
    if (message.id === undefined) this.events.push(message)
    else this.#waiting.get(message.id)?.(message)
  }

  async send(method: string, params: object, session?: string): Promise<Record<string, unknown>> {
    const id = ++this.#id
    const answer = new Promise<Message>((heard, silent) => {
      const timer = setTimeout(() => silent(new Error(`Chromium did not answer ${method}`)), answerTimeoutMs)
      this.#waiting.set(id, (message) => {
        clearTimeout(timer)
        heard(message)
      })
    })
    this.#to.write(`${JSON.stringify({ id, method, params, ...(session && { sessionId: session }) })}\0`)
    const { result = {}, error } = await answer
    if (error !== undefined) throw new Error(`${method}: ${error.message}`)
    return result
  }
}

async function firstPage(pipe: Pipe): Promise<PageIn> {
  const { targetId } = await pipe.send('Target.createTarget', { url: 'about:blank' })
  const { sessionId } = await pipe.send('Target.attachToTarget', { targetId, flatten: true })
  const send: PageIn['send'] = (method, parameters = {}) => pipe.send(method, parameters, String(sessionId))
  await send('Page.enable')
  await send('Network.enable')
  return {
    send,
    async value<T>(expression: string) {
      const { result } = await send('Runtime.evaluate', {
        expression,
        returnByValue: true,
        awaitPromise: true,
      })
      return (result as { value: T }).value
    },
    asked: () =>
      pipe.events
        .filter(({ method }) => method === 'Network.requestWillBeSent')
        .flatMap(({ params }) => params?.request?.url ?? []),
    async open(url) {
      const before = pipe.events.length
      await send('Page.navigate', { url })
      const deadlineMs = performance.now() + answerTimeoutMs
      while (!pipe.events.slice(before).some(({ method }) => method === 'Page.loadEventFired')) {
        if (performance.now() > deadlineMs) throw new Error(`${url} never loaded`)
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
    },
  }
}
