import { beforeAll, expect, test } from 'vitest'
import { proofResult } from '../../src/cli/prove.ts'
import { proveMachine } from '../../src/machine/proof/prove.ts'
import { tableMutants } from '../machine/proof/table-mutants.ts'
import { built, evha } from './built.ts'

beforeAll(() => built(), 120_000)

test('`evha prove --json` prints every machine and exits 0', async () => {
  const { exitCode, stdout, stderr } = await evha(['prove', '--json'])
  expect(exitCode, stderr).toBe(0)
  const { machines } = JSON.parse(stdout) as { machines: readonly object[] }
  expect(machines).toMatchObject([{ name: 'migrate', ungated: [], deadEnds: [], unreachable: [], ok: true }])
})

test('an unsafe path is told in sentences, with exit code 3', () => {
  const [, subject] = tableMutants.find(([what]) => what === 'the gate commit') ?? []
  if (subject === undefined) throw new Error('there is no such mutant')
  const machine = proveMachine(subject, [3])
  const { exitCode, text } = proofResult({ machines: [machine], ok: machine.ok })
  expect(exitCode).toBe(3)
  expect(text).toContain('NOT SAFE')
  expect(text).toContain('ungatedEffect: a host was changed without the approval of the gate that guards it')
  expect(text).toMatch(/\d+\. warmPeers is done\n +\d+\. the dead-men of the peers are disarmed/)
})
