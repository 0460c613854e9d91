import type { Failure } from '../base/errors.ts'
import type { StateView } from '../machine/decider.ts'
import type { Observer } from '../run/observer.ts'
import { durationText } from './duration.ts'
import { failureText } from './failure-text.ts'
import type { Style } from './style.ts'

const pathWidth = 15

/** Tells a run as plain lines: one when a state begins, one when it is over. Scroll-back is the record. */
export function narrator(write: (text: string) => void, style: Style): Observer {
  const line = (text: string) => write(`${text}\n`)
  return {
    opened: ({ id, dir, resumed }) => {
      line(`${resumed ? 'going on with' : 'run'} ${style.bold(id)}`)
      line(style.dim(`journal and log: ${dir}`))
    },
    entered: (state) => line(`${mark(state)} ${state.path.padEnd(pathWidth)} ${state.says}`),
    progress: (text) => line(style.dim(`  ${' '.repeat(pathWidth)} ${text}`)),
    left: (state, durationMs) =>
      line(style.good(`  ${state.path.padEnd(pathWidth)} done in ${durationText(durationMs)}`)),
    failed: (state, failure, willRetry) => line(failedText(state, failure, willRetry, style)),
  }
}

/** A state in which the chain stands still is marked: that is what the operator watches for. */
const mark = (state: StateView) => (state.tags.has('chain-stopped') ? '!' : '>')

function failedText(state: StateView, failure: Failure, willRetry: boolean, style: Style): string {
  const lines = failureText(failure).split('\n')
  const shown = willRetry ? [lines[0] ?? '', '  trying again'] : lines
  return style.bad(shown.map((text) => `  ${state.path.padEnd(pathWidth)} ${text}`).join('\n'))
}

/** For `--json` with nobody watching: says nothing. */
export const silent: Observer = {
  opened: () => undefined,
  entered: () => undefined,
  progress: () => undefined,
  left: () => undefined,
  failed: () => undefined,
}
