// A drive in a process of its own, so that it can be put to sleep: tells what it asks, and answers when a file lies there.
import { existsSync } from 'node:fs'
import { startRun } from '../../src/run/drive.ts'

const [runbook = '', stateDir = '', chain = '', answer = ''] = process.argv.slice(2)
const say = (text: string) => process.stdout.write(`${text}\n`)

const end = await startRun(runbook, {
  stateDir,
  confirms: new Map([['cutover', chain]]),
  approver: {
    ask: (question, signal) => {
      say(`asked ${question.gate}`)
      return new Promise((resolve) => {
        const look = setInterval(() => {
          if (!existsSync(answer)) return
          clearInterval(look)
          resolve('approved')
        }, 20)
        signal.addEventListener('abort', () => {
          clearInterval(look)
          resolve('later')
        })
      })
    },
  },
  observer: {
    opened: () => undefined,
    entered: ({ path }) => say(path),
    progress: say,
    passing: () => undefined,
    heights: () => undefined,
    left: () => undefined,
    failed: (_state, failure) => say(failure.message),
  },
  stopNow: new AbortController().signal,
  stopSoon: () => false,
})
say(JSON.stringify(end))
