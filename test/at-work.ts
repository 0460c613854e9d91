// A test that fails, out of time above all, says which commands were still at work: on CI nobody can look afterwards.
import { beforeEach } from 'vitest'
import { commandsAtWork } from './output-of.ts'

beforeEach(({ onTestFailed }) => {
  onTestFailed(({ task }) => {
    const [first] = task.result?.errors ?? []
    const told = commandsAtWork()
    if (first === undefined || told.length === 0) return
    first.message = `${first.message}\n\nstill at work:\n${told.join('\n')}`
  })
})
