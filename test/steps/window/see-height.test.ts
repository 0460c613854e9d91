import { expect, test } from 'vitest'
import type { Command } from '../../../src/base/command.ts'
import { recording } from '../../../src/remote/recording.ts'
import type { Host, StepContext } from '../../../src/steps/step.ts'
import { seeHeight } from '../../../src/steps/window/see-height.ts'
import { nodeIn } from '../host/locally.ts'

/** The sequencer's log ended with block 41; every store that is asked says `said`. */
function afterTheProof(said: string, equal: readonly string[]) {
  const asked: string[] = []
  const nodes = ['node-1', 'node-2', 'node-3', 'node-4', 'node-5'].map((name): Host => {
    const answer = ({ argv }: Command) => {
      asked.push(`${name}: ${argv.slice(argv.indexOf('rollback')).join(' ')}`)
      return { exitCode: 1, stderr: said }
    }
    return { spec: { ...nodeIn('/d'), name }, remote: recording(name, answer) }
  })
  const facts = {
    stopSource: { height: 41 },
    proveEqual: { equal },
    check: { user: '' },
  }
  const context = { nodes, source: nodes[0], peers: nodes.slice(1), facts, onPaper: false, signal: undefined }
  return { asked, see: () => seeHeight(context as unknown as StepContext, nodes.slice(3)) }
}

const says = (height: number) =>
  `failed to rollback ev-node state: current height ${height} is already less than or equal to rollback height 18446744073709551615`

test('a copy that rests is asked, and never for a height it could go back to', async () => {
  const { asked, see } = afterTheProof(says(41), ['node-2', 'node-3', 'node-4'])
  await see()
  expect(asked).toEqual(['node-4: rollback --home /d/home --height 18446744073709551615'])
})

test.each([
  ['a block more than the log', says(42), /node-1: its log ends with block 41; node-5, .* has block 42/],
  ['a block less', says(40), /has block 40/],
  ['nothing', 'no such file', /node-5: the stopped store does not tell its height: no such file/],
  [
    'that somebody holds it',
    'Cannot acquire directory lock on "/d". Another process is using this Badger database.',
    /somebody holds its lock/,
  ],
])('a store that says %s stops the window before the decision', async (_what, said, why) => {
  const { see } = afterTheProof(said, ['node-2', 'node-3', 'node-4', 'node-5'])
  await expect(see()).rejects.toThrow(why)
})

test('where no peer with the same content rests, nothing is taken for granted', async () => {
  const { asked, see } = afterTheProof(says(41), ['node-2', 'node-3'])
  await expect(see()).rejects.toThrow(/no peer with the same content rests/)
  expect(asked).toEqual([])
})
