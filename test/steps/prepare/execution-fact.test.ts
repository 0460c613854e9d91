import { expect, test } from 'vitest'
import { nodeCommand, parseUnit } from '../../../src/evnode/unit.ts'
import { executionFact } from '../../../src/steps/prepare/execution-findings.ts'

const factOf = (flags: string) =>
  executionFact(nodeCommand(parseUnit(`[Service]\nExecStart=/x start ${flags}\n`)))

test('a run remembers the client of an EVM node, and nothing of a node without one', () => {
  expect(factOf('--home /h')).toEqual({})
  expect(factOf('--evm.jwt-secret-file /jwt --evm.engine-url http://10.0.0.1:8551')).toMatchObject({
    execution: { engineUrl: 'http://10.0.0.1:8551', jwtSecretFile: '/jwt' },
  })
})

test('a login in an address is kept out of the journal', () => {
  const kept = factOf('--evm.eth-url https://me:sesame@rpc.example/key-42?token=7 --evm.jwt-secret 00ff')
  expect(kept.execution?.ethUrl).toBe('https://rpc.example')
  expect(JSON.stringify(kept)).not.toMatch(/sesame|key-42|token|00ff/)
})
