import { expect, test } from 'vitest'
import { executionClientOf, executionFlagProblems, noFeeRecipient } from '../../src/evnode/execution.ts'
import { nodeCommand, parseUnit } from '../../src/evnode/unit.ts'

const commandWith = (flags: string) => nodeCommand(parseUnit(`[Service]\nExecStart=/x start ${flags}\n`))
const clientOf = (flags: string) => executionClientOf(commandWith(flags))
const problems = (flags: string) => executionFlagProblems(commandWith(flags)).map(({ problem }) => problem)

test('an EVM node is known by its flags, and its client by them or by their defaults', () => {
  expect(clientOf('--home /h')).toBeNull()
  expect(clientOf('--evm.jwt-secret-file /jwt')).toEqual({
    ethUrl: 'http://localhost:8545',
    engineUrl: 'http://localhost:8551',
    jwtSecretFile: '/jwt',
    genesisHash: '',
    feeRecipient: noFeeRecipient,
  })
  expect(
    clientOf(
      '--evm.eth-url=http://10.0.0.1:9545 --evm.engine-url http://10.0.0.1:9551 --evm.genesis-hash 0xAB --evm.fee-recipient AbCd',
    ),
  ).toEqual({
    ethUrl: 'http://10.0.0.1:9545',
    engineUrl: 'http://10.0.0.1:9551',
    jwtSecretFile: '',
    genesisHash: '0xab',
    feeRecipient: '0xabcd',
  })
})

test('a flag that was removed is named without its value, and a file that is not named is told', () => {
  expect(problems('--home /h')).toEqual([])
  expect(problems('--evm.eth-url http://a --evm.jwt-secret-file /jwt')).toEqual([])
  expect(problems('--evm.eth-url http://a')).toEqual(['its command line names no --evm.jwt-secret-file'])
  const removed = executionFlagProblems(commandWith('--evm.jwt-secret 00ff00ff'))
  expect(removed).toHaveLength(1)
  expect(removed[0]?.problem).toMatch(/^its command line has --evm\.jwt-secret,/)
  expect(JSON.stringify(removed)).not.toContain('00ff')
})
