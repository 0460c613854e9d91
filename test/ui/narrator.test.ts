import { expect, test } from 'vitest'
import { Narrator } from '../../src/ui/narrator.ts'
import { paletteOf } from '../../src/ui/style.ts'
import { checkState, stoppedState } from './examples.ts'

function narrate(
  tell: (narrator: Narrator) => void,
  stream: { isTTY?: boolean; columns?: number } = {},
): string {
  let told = ''
  const sink = {
    ...stream,
    write: (text: string) => {
      told += text
    },
  }
  tell(new Narrator(sink))
  return told
}

const failure = {
  kind: 'unreachable' as const,
  message: 'node-3 did not answer within 20 s',
  changedAnything: 'no' as const,
  retryable: true,
  hint: 'see that node-3 is up',
}

test('a run in plain lines', () => {
  const told = narrate((narrator) => {
    narrator.opened({
      id: 'lab-chain-20260131T120000-a1b2',
      chain: 'lab-chain',
      dir: '/var/evha/r',
      resumed: false,
    })
    narrator.entered(checkState, null)
    narrator.progress('asking node-2')
    narrator.progress('asking node-2')
    narrator.left(checkState, 1_234)
    narrator.entered(stoppedState, null)
    narrator.failed(stoppedState, failure, false)
  })
  expect(told).toBe(`beginning run lab-chain-20260131T120000-a1b2
journal and log: /var/evha/r
prepare   looking at every host; nothing is changed
          asking node-2
          ok 1.2 s
window    stopping node-1: the chain stands still from here
          node-3 did not answer within 20 s
`)
})

test('what only says how far something is gets a line now and then', () => {
  const told = narrate((narrator) => {
    for (let files = 1; files <= 20; files++) narrator.passing(`${files} files`)
  })
  expect(told).toBe('          1 files\n')
})

test('a try that is repeated says so, and asks nothing of the operator', () => {
  const told = narrate((narrator) => narrator.failed(checkState, failure, true))
  expect(told).toContain('tried again by itself')
  expect(told).not.toContain('next:')
})

test('a terminal gets lines that fit, a pipe gets whole ones', () => {
  const long = { ...checkState, says: 'word '.repeat(30).trim() }
  const onTerminal = narrate((narrator) => narrator.entered(long, null), { isTTY: true, columns: 60 })
  expect(Math.max(...onTerminal.split('\n').map((line) => line.length))).toBeLessThanOrEqual(60)
  expect(
    narrate((narrator) => narrator.entered(long, null))
      .trimEnd()
      .split('\n'),
  ).toHaveLength(1)
})

test('a host can not move the cursor', () => {
  const told = narrate((narrator) => narrator.progress('done\u001b[2J\u001b[H\r\nok\u202e'))
  expect(told.trim()).toBe('done\ufffd[2J\ufffd[H ok\ufffd')
})

test('colour is the palette, nothing else', () => {
  let told = ''
  const narrator = new Narrator(
    {
      write: (text: string) => {
        told += text
      },
    },
    paletteOf(true),
  )
  narrator.entered(stoppedState, null)
  expect(told).toBe('\u001b[33mwindow    \u001b[39mstopping node-1: the chain stands still from here\n')
})
