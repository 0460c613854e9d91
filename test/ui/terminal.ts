import type { ChildProcess } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTerminal } from '../on-terminal.ts'

/** A gate asked by a real process on a real pseudo-terminal. */
export interface GateOnTerminal {
  /** Resolves when the terminal has shown this text, anew after what was shown before. */
  shows(text: string): Promise<void>
  type(keys: string): void
  /** The approver's answer, once its process has ended; the terminal's whole text with it. */
  ended(): Promise<{ readonly answer: string; readonly screen: string }>
  /** The answer alone, also when the terminal is gone. */
  answered(): Promise<string>
  /** The pid of the process that asks. */
  asker(): number
  readonly process: ChildProcess
}

export interface Asked {
  readonly gate: string
  readonly deadlineMs?: number
  /** Time in which keys can be typed ahead. */
  readonly waitMs?: number
  readonly node?: string
}

const endMs = 30_000

/** Starts `script`, which gives the fixture program a terminal of its own. */
export function askOnTerminal({
  gate,
  deadlineMs,
  waitMs = 0,
  node = process.execPath,
}: Asked): GateOnTerminal {
  const dir = mkdtempSync(join(tmpdir(), 'evha-gate-'))
  const answerFile = join(dir, 'answer')
  const fixture = join(import.meta.dirname, 'ask-gate.ts')
  const words = [
    node,
    '--import',
    'tsx',
    fixture,
    answerFile,
    gate,
    String(deadlineMs ?? 'none'),
    String(waitMs),
  ]
  const { process: child, shows, type, screen, ended, pid } = onTerminal(words, endMs)
  return {
    process: child,
    shows,
    type,
    ended: async () => {
      await ended()
      const answer = existsSync(answerFile) ? readFileSync(answerFile, 'utf8') : 'none'
      rmSync(dir, { recursive: true, force: true })
      return { answer, screen: screen() }
    },
    answered: async () => {
      for (let waitedMs = 0; waitedMs < endMs; waitedMs += 20) {
        const answer = existsSync(answerFile) ? readFileSync(answerFile, 'utf8') : ''
        if (answer !== '') return answer
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
      throw new Error(`no answer was left behind:\n${screen()}`)
    },
    asker: pid,
  }
}
