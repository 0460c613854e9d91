import { expect, test } from 'vitest'
import { refusalOf, runbookText } from './refused.ts'

/** What is spoilt, and the message the operator reads. */
const wrong: readonly (readonly [name: string, text: string, message: string, hint: string])[] = [
  [
    'a mistyped key',
    runbookText({ more: 'windwo: { budgetSeconds: 3 }' }),
    'chain.yaml:17: unknown key `windwo` at the top of the runbook: the nearest known key is `window`',
    'write `window`, or take `windwo` out',
  ],
  [
    'a key that is near to none',
    runbookText({ more: 'raft:\n  port: 5001\n  quorumSizeMinimum: 3' }),
    'chain.yaml:19: unknown key `quorumSizeMinimum` in raft: known are port, dir, timing',
    'take `quorumSizeMinimum` out; runbooks/single-to-ha.yaml explains every key',
  ],
  [
    'a mistyped key of a node',
    runbookText().replace('    address: 192.0.2.2', '    adress: 192.0.2.2'),
    'chain.yaml:10: address of node-2 is missing',
    'write it; runbooks/single-to-ha.yaml explains every key; more to mend on line 12',
  ],
  [
    'a mistyped key of a login',
    runbookText().replace('root@192.0.2.2', '{ host: 192.0.2.2, user: root, prt: 22 }'),
    'chain.yaml:11: unknown key `prt` in ssh of node-2: the nearest known key is `port`',
    'write `port`, or take `prt` out',
  ],
  [
    'a mistyped key of the paths of a node',
    runbookText().replace(
      '    address: 192.0.2.2',
      '    address: 192.0.2.2\n    paths:\n      unit: /etc/systemd/system',
    ),
    'chain.yaml:14: unknown key `unit` in paths of node-2: the nearest known key is `units`',
    'write `units`, or take `unit` out',
  ],
  [
    'a mistyped key of the execution client',
    runbookText({ more: 'execution:\n  ethURL: http://localhost:8545' }),
    'chain.yaml:18: unknown key `ethURL` in execution: the nearest known key is `ethUrl`',
    'write `ethUrl`, or take `ethURL` out',
  ],
  [
    'a way to warm a client that there is none of',
    runbookText({ more: 'execution: { warmUp: rsync }' }),
    'chain.yaml:17: execution.warmUp must be follow (a full node leads the client from where it stands) or copy (its data is copied first)',
    'runbooks/single-to-ha.yaml explains every key',
  ],
  [
    'a copy of clients without a word from where',
    runbookText({ more: 'execution: { warmUp: copy, dataDir: /el, unit: el }' }),
    'chain.yaml:17: execution.warmUp is copy, and execution.copyFrom does not say from where',
    "write copyFrom under `execution`: a directory on node-1 that holds a client's data at rest, such as a mounted snapshot of its volume",
  ],
  [
    'a copy of clients from where one writes',
    runbookText({ more: 'execution: { warmUp: copy, dataDir: /el, unit: el, copyFrom: /el }' }),
    'chain.yaml:17: execution.copyFrom is /el, and the client of node-1 writes to /el: a copy of that is torn',
    'write the path of a snapshot of it, or of another directory that nobody writes to',
  ],
  [
    'a copy of clients whose unit nobody knows',
    runbookText({ more: 'execution: { warmUp: copy, dataDir: /el, copyFrom: /el/.zfs/snapshot/s }' }),
    'chain.yaml:17: execution.warmUp is copy, and execution.unit is missing for node-2, node-3',
    'write unit under `execution`: the service that runs the client, such as ev-reth.service',
  ],
  [
    'a login in the URL of an execution client of one node',
    runbookText().replace(
      '    address: 192.0.2.2',
      '    address: 192.0.2.2\n    execution: { engineUrl: "http://me:word@h:8551" }',
    ),
    'chain.yaml:13: execution.engineUrl of node-2 must be a URL without a login in it, such as http://localhost:8545',
    'runbooks/single-to-ha.yaml explains every key',
  ],
  [
    'a hook at no point of a run',
    runbookText({ more: 'hooks: { beforeCutovr: /etc/evha/hook }' }),
    'chain.yaml:17: unknown key `beforeCutovr` in hooks: the nearest known key is `beforeCutover`',
    'write `beforeCutover`, or take `beforeCutovr` out',
  ],
  [
    'a hook that is a command line',
    runbookText({ more: 'hooks: { started: notify --all }' }),
    'chain.yaml:17: hooks.started must be an absolute path on this workstation, or one that starts with ~/',
    'runbooks/single-to-ha.yaml explains every key',
  ],
  [
    'a hook whose list begins with no path',
    runbookText({ more: 'hooks: { started: [notify, --all] }' }),
    'chain.yaml:17: hooks.started must begin with an absolute path on this workstation, or one that starts with ~/',
    'runbooks/single-to-ha.yaml explains every key',
  ],
  [
    'another version',
    runbookText().replace('version: 1', 'version: 2'),
    'chain.yaml:1: version must be 1: this evha knows no other version of runbooks',
    'runbooks/single-to-ha.yaml explains every key',
  ],
  [
    'no version',
    runbookText().replace('version: 1\n', ''),
    'chain.yaml:1: version is missing',
    'write it; runbooks/single-to-ha.yaml explains every key',
  ],
  [
    'no nodes',
    runbookText({ nodes: 0 }),
    'chain.yaml:6: nodes is missing',
    'write it; runbooks/single-to-ha.yaml explains every key',
  ],
  [
    'a number for a chain',
    runbookText().replace('chain: lab-chain', 'chain: 9000'),
    'chain.yaml:2: chain must be text: the chain id as genesis.json has it, at most 64 letters, digits, dots, dashes and underscores; put the value in quotes',
    'runbooks/single-to-ha.yaml explains every key',
  ],
  [
    'a chain that is a path',
    runbookText().replace('chain: lab-chain', 'chain: ../lab'),
    'chain.yaml:2: chain must be the chain id as genesis.json has it, at most 64 letters, digits, dots, dashes and underscores',
    'runbooks/single-to-ha.yaml explains every key',
  ],
  [
    'a list for a section',
    runbookText({ more: 'raft: [1]' }),
    'chain.yaml:17: raft must be a set of keys',
    'runbooks/single-to-ha.yaml explains every key',
  ],
  [
    'a text for the list of nodes',
    runbookText().replace(/nodes:\n[\s\S]*source/, 'nodes: three\nsource'),
    'chain.yaml:6: nodes must be a list',
    'runbooks/single-to-ha.yaml explains every key',
  ],
  [
    'timing that is neither auto nor four keys',
    runbookText({ more: 'raft: { timing: fast }' }),
    'chain.yaml:17: raft.timing must be auto, or the four keys heartbeatMs, electionMs, leaseMs and sendMs',
    'runbooks/single-to-ha.yaml explains every key',
  ],
  [
    'timing with a key missing',
    runbookText({ more: 'raft:\n  timing: { heartbeatMs: 350, electionMs: 1000, leaseMs: 175 }' }),
    'chain.yaml:18: raft.timing.sendMs is missing',
    'write it; runbooks/single-to-ha.yaml explains every key',
  ],
  [
    'a budget of nothing',
    runbookText({ more: 'window: { budgetSeconds: 0 }' }),
    'chain.yaml:17: window.budgetSeconds must be a whole number from 1 to 600',
    'runbooks/single-to-ha.yaml explains every key',
  ],
  [
    'a word for a flag',
    runbookText({ more: 'copy: { binary: yes }' }),
    'chain.yaml:17: copy.binary must be true or false',
    'runbooks/single-to-ha.yaml explains every key',
  ],
  [
    'a way of copying that there is none of',
    runbookText({ more: 'copy: { via: rsync }' }),
    'chain.yaml:17: copy.via must be auto, direct (from host to host) or relay (through this workstation)',
    'runbooks/single-to-ha.yaml explains every key',
  ],
  [
    'an empty file',
    '# nothing but words\n',
    'chain.yaml:1: the runbook is empty',
    'write it; runbooks/single-to-ha.yaml explains every key',
  ],
  [
    'a file that is a list',
    '- version: 1\n',
    'chain.yaml:1: a runbook must be a set of keys',
    'runbooks/single-to-ha.yaml explains every key',
  ],
  [
    'a key twice',
    runbookText({ more: 'chain: other' }),
    'chain.yaml:17: this is not valid YAML: Map keys must be unique',
    'mend the line; a runbook with every key explained is runbooks/single-to-ha.yaml',
  ],
  [
    'a tab',
    runbookText({ more: 'raft:\n\tport: 5001' }),
    'chain.yaml:18: this is not valid YAML: Tabs are not allowed as indentation',
    'mend the line; a runbook with every key explained is runbooks/single-to-ha.yaml',
  ],
]

test.each(wrong)('%s is refused in one sentence', (_, text, message, hint) => {
  expect(refusalOf(text)).toEqual({ message, hint })
})

test('a file of a megabyte is refused before it is parsed', () => {
  expect(refusalOf(`#${'x'.repeat(1024 * 1024)}`).message).toBe(
    'chain.yaml is larger than 1 MiB: this is no runbook',
  )
})

test('a bomb of aliases is refused', () => {
  const levels = Array.from(
    { length: 9 },
    (_, level) => `a${level + 1}: &a${level + 1} [${Array(9).fill(`*a${level}`).join(', ')}]`,
  )
  expect(refusalOf(`a0: &a0 [x]\n${levels.join('\n')}\n`).message).toMatch(
    /^chain\.yaml: its aliases cannot be/,
  )
})
