import type { ReadStream } from 'node:tty'
import type { Answer, Approver, GateQuestion } from '../run/observer.ts'
import { widthOf } from './columns.ts'
import { askLines, gateLines } from './gate-text.ts'
import { printable } from './printable.ts'
import { askLine, discardTypeAhead, type Line } from './prompt.ts'
import { type Palette, paletteOf, type TextSink, wantsColour } from './style.ts'

/** Where and under which rules a gate may be asked. */
export interface TerminalSettings {
  readonly stdin: ReadStream
  readonly stderr: TextSink
  readonly env: Readonly<NodeJS.ProcessEnv>
  /** False for --no-input and --json. */
  readonly input: boolean
  readonly color: boolean
  /** Closes an open question: the first Ctrl-C from outside the question. */
  readonly closing: AbortSignal
}

/** Wrong texts that are asked again before the run is left waiting. */
const triesMax = 3

const ignored = () => undefined

/** Why nobody can be asked here, or null when somebody can. A pipe never is somebody. */
export function whyNotAsked(
  settings: Pick<TerminalSettings, 'env' | 'input'> & {
    readonly stdin: { readonly isTTY?: boolean | undefined }
    readonly stderr: { readonly isTTY?: boolean | undefined }
  },
): string | null {
  if (!settings.input) return 'questions are switched off (--no-input or --json)'
  if ((settings.env['CI'] ?? '') !== '') return 'CI is set, so nobody is asked'
  if (settings.stdin.isTTY !== true) return 'stdin is no terminal'
  if (settings.stderr.isTTY !== true) return 'stderr is no terminal'
  return null
}

/** Asks at a gate: the chain id typed by a person at a terminal is an approval, nothing else is. */
export class TerminalApprover implements Approver {
  readonly #settings: TerminalSettings
  readonly #colour: boolean
  readonly #palette: Palette

  constructor(settings: TerminalSettings) {
    this.#settings = settings
    this.#colour = wantsColour(settings.stderr, settings.env, settings.color)
    this.#palette = paletteOf(this.#colour)
  }

  async ask(question: GateQuestion, signal: AbortSignal): Promise<Answer> {
    const { stdin, stderr } = this.#settings
    const width = widthOf(stderr)
    const evidence = () => this.#say(gateLines(question, width, this.#palette))
    const refusal = whyNotAsked(this.#settings)
    if (refusal !== null) {
      evidence()
      this.#say([`  not approved: ${refusal}`])
      return 'later'
    }
    // A terminal that goes away says so more than once, also after the question: no reason to end in the window.
    if (!stdin.listeners('error').includes(ignored)) stdin.on('error', ignored)
    try {
      if (!(await discardTypeAhead(stdin))) return 'later'
      evidence()
      this.#say(askLines(question.gate, width))
      return await this.#answer(question, AbortSignal.any([signal, this.#settings.closing]))
    } finally {
      stdin.setRawMode(false)
      stdin.pause()
    }
  }

  async #answer(question: GateQuestion, signal: AbortSignal): Promise<Answer> {
    let wrong = 0
    while (wrong < triesMax) {
      const line = await this.#line(question, signal)
      if (line.kind === 'late') this.#say(['  no answer in time: going back'])
      if (line.kind !== 'typed') return 'later'
      const text = line.text.trim()
      if (text === question.chain) return 'approved'
      if (question.gate === 'commit' && text === 'back') return 'declined'
      if (question.gate === 'rollback' && text === 'no') return 'declined'
      // At commit Enter alone is no answer: a key pressed once too often must not end the window.
      if (text === '' && question.gate !== 'commit') return 'later'
      if (text === '') continue
      wrong += 1
      this.#say([wrongText(text, question.chain, triesMax - wrong)])
    }
    return 'later'
  }

  async #line(question: GateQuestion, signal: AbortSignal): Promise<Line> {
    const { deadlineMs } = question
    if (deadlineMs !== undefined && Date.now() >= deadlineMs) return { kind: 'late' }
    const left = () => `${Math.max(0, Math.ceil(((deadlineMs ?? 0) - Date.now()) / 1_000))} s left`
    return askLine({
      message: () => (deadlineMs === undefined ? 'chain id' : `chain id (${left()})`),
      stdin: this.#settings.stdin,
      output: this.#settings.stderr,
      colour: this.#colour,
      signal,
      ...(deadlineMs === undefined ? {} : { deadlineMs }),
    })
  }

  #say(lines: readonly string[]): void {
    this.#settings.stderr.write(`${lines.join('\n')}\n`)
  }
}

function wrongText(text: string, chain: string, left: number): string {
  const said = `  ${JSON.stringify(printable(text).slice(0, 64))} is not the chain id`
  if (left === 0) return `${said}; nothing was approved`
  return `${said}; it is ${printable(chain)} (${left === 1 ? 'one try' : `${left} tries`} left)`
}
