import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Report } from '../../src/run/api.ts'
import { loadRunbook } from '../../src/runbook/load.ts'
import { documented } from '../documented.ts'
import { confirm, type Lab, labForAll, worldOf } from './lab.ts'

let lab: Lab
let down: () => Promise<void>
beforeAll(async () => {
  ;[lab, down] = await labForAll(3)
}, 120_000)
afterAll(() => down())

const ssh = (name: string) => {
  const found = lab.hosts.find((host) => host.name === name)
  return `${found?.ssh.user}@${found?.ssh.host}:${found?.ssh.port}`
}

/** The keys of a lab are its own, and so is its Raft port. */
const keys = () => {
  const [first] = lab.hosts
  return [
    ...['--identity', first?.ssh.identityFile ?? '', '--known-hosts', first?.ssh.knownHostsFile ?? ''],
    ...['--raft-port', String(first?.raftPort)],
  ]
}
const peers = () => ['--peer', ssh('node-2'), '--peer', ssh('node-3')]

test('each thing that goes wrong is one sentence, and nothing is written', async () => {
  const out = join(lab.stateDir, 'never.yaml')
  const before = worldOf(lab)
  const refused = async (code: number, says: RegExp, ...args: string[]) => {
    const ended = await lab.evha('init', '--out', out, ...keys(), ...args)
    expect(ended.code, ended.stderr).toBe(code)
    expect(ended.stderr.split('\n')[0]).toMatch(says)
    expect(ended.stderr).toMatch(/^ {2}next: ./m)
    expect(existsSync(out)).toBe(false)
  }
  await refused(2, /--source is not given, and (stdin is no terminal|CI is set)/)
  await refused(2, /--peer is not given/, '--source', ssh('node-1'))
  await refused(2, /2 nodes; a cluster has 3, 5 or 7/, '--source', ssh('node-1'), '--peer', ssh('node-2'))
  await refused(2, /is no host to log in to/, '--source', 'a b c', ...peers())
  await refused(2, /is no IP address/, '--source', `${ssh('node-1')}=here`, ...peers())
  await refused(3, /node-1 .*can ?not be reached/, '--source', 'root@127.0.0.11:9', ...peers())
  await refused(
    3,
    /node-1: no unit other.service starts a node there; ev-node.service does/,
    '--source',
    ssh('node-1'),
    ...peers(),
    '--unit',
    'other',
  )
  await refused(
    2,
    /node-3 is the same host as node-2/,
    '--source',
    ssh('node-1'),
    '--peer',
    ssh('node-2'),
    '--peer',
    ssh('node-2'),
  )

  const units = join(lab.root, 'node-1/etc/systemd/system')
  const unit = readFileSync(join(units, 'ev-node.service'), 'utf8')
  writeFileSync(join(units, 'second.service'), unit)
  await refused(
    3,
    /2 units start a node: ev-node.service \(active\), second.service \(inactive\)/,
    '--source',
    ssh('node-1'),
    ...peers(),
  )
  await lab.on('node-1', 'rm etc/systemd/system/second.service; systemctl daemon-reload')

  // Without its unit the live node is a process that nothing starts; other labs of this machine may have more of them.
  await lab.on('node-1', 'mv etc/systemd/system/ev-node.service kept; systemctl daemon-reload')
  await refused(
    3,
    /no unit of systemd starts a node; (process \d+ of \S+ runs .* without one|\d+ processes run one)/,
    '--source',
    ssh('node-1'),
    ...peers(),
  )
  await lab.on('node-1', 'mv kept etc/systemd/system/ev-node.service; systemctl daemon-reload')

  writeFileSync(out, 'mine')
  const there = await lab.evha('init', '--source', ssh('node-1'), ...peers(), '--out', out, ...keys())
  expect(there.code).toBe(2)
  expect(there.stderr).toMatch(/is there already; init overwrites nothing/)
  expect(readFileSync(out, 'utf8')).toBe('mine')
  expect([...worldOf(lab).keys()]).toEqual([...before.keys()])
})

test('a chain whose sequencer is nowhere is told so', async () => {
  const ended = await lab.evha(
    'init',
    '--source',
    ssh('node-2'),
    '--peer',
    ssh('node-1'),
    '--peer',
    ssh('node-3'),
    '--out',
    join(lab.stateDir, 'no.yaml'),
    ...keys(),
  )
  expect(ended.code, ended.stderr).toBe(3)
  expect(ended.stderr).toMatch(/node-1: no unit of systemd starts a node/)
})

test('the runbook it writes is commented, passes the check, and migrates the chain', async () => {
  const out = join(lab.stateDir, 'written.yaml')
  const [command] = documented('init.md')
  expect(command?.[0]).toBe('init')
  const before = worldOf(lab)
  const words = (command ?? []).flatMap((word) => {
    if (word === 'FILE') return [out]
    return /^root@/.test(word)
      ? [ssh({ 'root@192.0.2.11': 'node-1', 'root@192.0.2.12': 'node-2' }[word] ?? 'node-3')]
      : [word]
  })
  const made = await lab.evha(...words, ...keys(), '--json')
  expect(made.code, made.stderr).toBe(0)
  expect(worldOf(lab)).toEqual(before)
  const told = JSON.parse(made.stdout) as {
    version: number
    file: string
    assumed: string[]
    found: string[][]
  }
  expect(told).toMatchObject({ version: 1, file: out, chain: lab.chain, warnings: [] })
  expect(told.assumed.join('\n')).toMatch(/layout of the sequencer/)
  expect(told.found.find(([label]) => label === 'DA')?.[1]).toContain(lab.da.namespace)
  const text = readFileSync(out, 'utf8')
  expect(text.match(/# found: /g)?.length).toBeGreaterThan(8)
  expect(text.match(/# assumed: /g)?.length).toBeGreaterThan(3)
  const [written, given] = [loadRunbook(out), loadRunbook(lab.runbook)]
  const placed = ({ nodes }: typeof written) =>
    nodes.map(({ name, address, home, unit, rpc, db, binary, paths }) => ({
      name,
      address,
      home,
      unit,
      rpc,
      db,
      binary,
      paths,
    }))
  expect(placed(written)).toEqual(placed(given))

  const checked = await lab.evha('check', out)
  expect(checked.code, checked.stdout).toBe(0)
  // What a lab has no time for: the soak of a real chain.
  writeFileSync(out, text.replace('soakSeconds: 60', 'soakSeconds: 2'))
  const gone = await lab.evha(
    'migrate',
    out,
    '--json',
    '--waive-rehearsal',
    'Ada',
    ...confirm(lab, 'cutover', 'commit', 'finish'),
  )
  expect(gone.code, gone.stderr).toBe(0)
  expect(JSON.parse(gone.stdout) as Report).toMatchObject({
    outcome: 'migrated',
    nodesVoting: 3,
    forks: [],
    rehearsal: { waivedBy: 'Ada' },
  })
  expect(lab.signedTwice()).toEqual([])
})
