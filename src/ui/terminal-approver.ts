import type { Approver } from '../run/observer.ts'
import { gateQuestionText, gateText } from './gate-text.ts'
import { askLine, type Typed } from './prompt.ts'

/** A chain id mistyped so often is not typed by somebody who means it. */
const triesMax = 3

type Ask = (message: string, until: { signal: AbortSignal; deadlineMs?: number }) => Promise<Typed>

/** Asks at the terminal: only the chain id, typed whole, approves. */
export function terminalApprover(write: (text: string) => void, ask: Ask = askLine): Approver {
  return {
    ask: async (question, signal) => {
      write(gateText(question))
      for (let tries = 0; tries < triesMax; tries++) {
        const until =
          question.deadlineMs === undefined ? { signal } : { signal, deadlineMs: question.deadlineMs }
        const typed = await ask(gateQuestionText(question, Date.now()), until)
        if (typed.kind === 'none') return 'later'
        const text = typed.text.trim()
        if (text === question.chain) return 'approved'
        if (text === '')
          return question.gate === 'commit' || question.gate === 'rollback' ? 'declined' : 'later'
        write(`  "${text}" is not ${question.chain}\n`)
      }
      return 'later'
    },
  }
}

/** Nobody is there to ask. */
export const nobody: Approver = { ask: () => Promise.resolve('later') }
