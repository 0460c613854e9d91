// Four ways from one sequencer to five nodes: each prepares what it may before the window, then cuts over.
import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { nodeTiming, type Timing } from '../../src/evnode/timing.ts'
import type { Report } from '../../src/run/api.ts'
import { addressOf, confirm, type Hosts, hostsDir, run, script } from '../hosts/hosts.ts'
import { peakMbIn, tellsPeak } from '../peak-memory.ts'
import { prepareMembers } from './arena.ts'

export interface Way {
  /** As `--rounds` names it. */
  readonly key: string
  readonly name: string
  /** While the chain runs: not counted. */
  prepare(hosts: Hosts): Promise<void>
  cutover(hosts: Hosts): Promise<EvhaFigures | undefined>
  /** Ends what would outlive the round. */
  after?(hosts: Hosts): Promise<unknown>
}

/** What is known of evha's own runs beside what the blocks say. */
export interface EvhaFigures {
  readonly checkMs: number
  readonly memoryMb: number
  readonly seededBytes: number
  readonly seedMs: number
  readonly report: Report
}

const baselines = join(import.meta.dirname, 'baselines')
/** The public guide's example, in every one of its configs. */
const guideTiming: Timing = { heartbeatMs: 92, electionMs: 368, leaseMs: 46, sendMs: 50 }

const evha: Way = {
  key: 'evha',
  name: 'evha',
  prepare: () => Promise.resolve(),
  async cutover(hosts) {
    const startedAt = performance.now()
    const checked = await hosts.evha('check', hosts.runbook, '--json')
    const checkMs = performance.now() - startedAt
    if (checked.code !== 0) throw new Error(checked.stdout + checked.stderr)
    const { code, stdout, stderr } = await run(
      script,
      [
        'within',
        process.execPath,
        join('dist', 'cli', 'main.js'),
        'migrate',
        hosts.runbook,
        '--json',
        '--state-dir',
        hosts.stateDir,
        ...confirm(hosts, 'cutover', 'commit', 'finish'),
      ],
      { env: tellsPeak },
    ).ended
    if (code !== 0) throw new Error(stderr)
    const report = JSON.parse(stdout) as Report
    const seed = report.steps.find(({ state }) => state.includes('seedData'))
    return {
      checkMs,
      memoryMb: peakMbIn(stderr),
      seededBytes: report.bytesSeeded,
      seedMs: seed?.durationMs ?? Number.NaN,
      report,
    }
  },
}

const guide: Way = {
  key: 'guide',
  name: 'the public guide, a shell script',
  prepare: (hosts) => prepareMembers(hosts, guideTiming, { seconds: 5, forEver: false }),
  cutover: async (hosts) => void (await shell(hosts, 'guide.sh')),
}

const ansible: Way = {
  key: 'ansible',
  name: 'the public guide, Ansible',
  async prepare(hosts) {
    await prepareMembers(hosts, guideTiming, { seconds: 5, forEver: false })
    const { dir, env } = layInventory(hosts)
    // Its connections are open when the window opens.
    await must(run(script, ['within', 'ansible', '-i', join(dir, 'inventory'), 'all', '-m', 'ping'], { env }))
  },
  async cutover(hosts) {
    const { dir, env } = layInventory(hosts)
    const play = ['within', 'ansible-playbook', '-i', join(dir, 'inventory'), join(baselines, 'cutover.yml')]
    await must(run(script, play, { env }))
  },
  // Where a connection of Ansible's is open, its socket stands.
  after: (hosts) =>
    run('sh', [
      '-c',
      `for at in ${join(hosts.stateDir, 'cp')}/*; do ssh -o ControlPath="$at" -O exit host; done`,
    ]).ended,
}

const handTuned: Way = {
  key: 'script',
  name: 'a hand-tuned script',
  async prepare(hosts) {
    await prepareMembers(hosts, nodeTiming, { seconds: 1, forEver: true })
    await shell(hosts, 'hand-tuned.sh', 'prepare')
  },
  cutover: async (hosts) => void (await shell(hosts, 'hand-tuned.sh', 'cutover')),
  after: (hosts) => shell(hosts, 'hand-tuned.sh', 'close'),
}

export const ways: readonly Way[] = [evha, handTuned, guide, ansible]

const login = `-F none -i ${hostsDir}/operator_key -o UserKnownHostsFile=${hostsDir}/known_hosts -o BatchMode=yes`

async function shell(hosts: Hosts, name: string, ...args: string[]): Promise<void> {
  const addressFile = join(hosts.stateDir, 'address-of')
  writeFileSync(addressFile, '#!/bin/sh\necho "10.78.0.$((10 + ${1#node-}))"\n')
  chmodSync(addressFile, 0o755)
  const env = {
    NODES: hosts.names.join(' '),
    ADDRESS_OF: addressFile,
    REMOTE: `ssh ${login}`,
    TMPDIR: hosts.stateDir,
  }
  await must(run(script, ['within', 'sh', join(baselines, name), ...args], { env }))
}

async function must({ ended }: ReturnType<typeof run>): Promise<void> {
  const { code, stdout, stderr } = await ended
  if (code !== 0) throw new Error(`exit ${code}: ${stdout.slice(-2_000)}${stderr.slice(-2_000)}`)
}

function layInventory({ stateDir, names }: Hosts): { dir: string; env: Readonly<Record<string, string>> } {
  const host = (name: string) => `${name} ansible_host=${addressOf(name)}`
  writeFileSync(
    join(stateDir, 'inventory'),
    `[sequencer]
${names.slice(0, 1).map(host).join('\n')}
[peers]
${names.slice(1).map(host).join('\n')}
[all:vars]
ansible_user=root
ansible_python_interpreter=/usr/bin/python3
ansible_ssh_private_key_file=${hostsDir}/operator_key
`,
  )
  writeFileSync(
    join(stateDir, 'ansible.cfg'),
    `[defaults]
forks = 10
[ssh_connection]
pipelining = True
ssh_args = ${login} -o ControlMaster=auto -o ControlPersist=300
control_path_dir = ${stateDir}/cp
`,
  )
  return { dir: stateDir, env: { ANSIBLE_CONFIG: join(stateDir, 'ansible.cfg'), ANSIBLE_HOME: stateDir } }
}
