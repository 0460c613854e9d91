import { expect, test } from 'vitest'
import { readConfig } from '../../src/evnode/config.ts'
import { namespaceHexOf } from '../../src/evnode/da-namespace.ts'
import { namespacesIn } from '../../src/evnode/rpc-answers.ts'
import { fixture } from './fixture.ts'

test('the namespace in the recorded configuration is the one its running node told', () => {
  const { daNamespace } = readConfig(fixture('homes/node-1/evnode.yaml'))
  const told = namespacesIn(JSON.parse(fixture('rpc/raft-GetNamespace.json')) as Record<string, unknown>)
  expect(namespaceHexOf(daNamespace)).toBe(told?.header)
  expect(namespaceHexOf('other')).not.toBe(told?.header)
})

test('the other recorded chain', () => {
  expect(namespaceHexOf('demo-ns')).toBe('00000000000000000000000000000000000000e075c121e8704e418f8f')
})
