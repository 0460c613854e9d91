// What a short command on a host costs: `script/bench ssh [ROUNDS] [--write FILE]`. All in one run, on the same host, one after the
// other. With --write the figures become a section of that page.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { reads } from '../../src/base/command.ts'
import { openSsh } from '../../src/remote/ssh.ts'
import { addressOf, hostsDir, run, script } from '../hosts/hosts.ts'
import { quantile } from './figures.ts'
import { machine } from './page.ts'
import { sshHeading, withSection } from './section.ts'

const host = addressOf('node-2')
const key = join(hostsDir, 'operator_key')
const known = join(hostsDir, 'known_hosts')
const options = ['-F', 'none', '-i', key, '-o', `UserKnownHostsFile=${known}`, '-o', 'BatchMode=yes']

const target = {
  name: 'node-2',
  host,
  port: 22,
  user: 'root',
  identityFiles: [key],
  knownHostsFiles: [known],
}

async function times(rounds: number, once: () => Promise<void> | void): Promise<number[]> {
  const all: number[] = []
  for (let k = 0; k < rounds; k += 1) {
    const startedAt = performance.now()
    await once()
    all.push(performance.now() - startedAt)
  }
  return all.sort((a, b) => a - b)
}

function row(name: string, ms: readonly number[]): void {
  const at = (part: number) => quantile(ms, part).toFixed(1)
  process.stdout.write(`| ${name} | ${ms.length} | ${at(0.5)} | ${at(0.95)} |\n`)
}

function must(program: string, args: readonly string[]): void {
  const done = spawnSync(program, args, { encoding: 'utf8' })
  if (done.status !== 0) throw new Error(`${program} ${args.join(' ')}: ${done.stderr}`)
}

/** One round trip: a TCP connection, opened and closed. */
const roundTrip = () =>
  new Promise<void>((done, fail) => {
    const socket = connect(22, host, () => {
      socket.destroy()
      done()
    })
    socket.once('error', fail)
  })

async function inside(rounds: number): Promise<void> {
  process.stdout.write('| what | rounds | p50 ms | p95 ms |\n|---|---|---|---|\n')
  const trips = await times(rounds, roundTrip)
  row('a TCP connection (one round trip)', trips)
  const remote = openSsh(target)
  await remote.run(reads('true', ['true']))
  const warm = await times(rounds, async () => void (await remote.run(reads('true', ['true']))))
  row('evha, warm', warm)
  await remote.close()
  const few = Math.max(5, Math.floor(rounds / 10))
  row('ssh, multiplexed', await multiplexed(few))
  row('ssh, fresh', await times(few, () => must('ssh', [...options, `root@${host}`, 'true'])))
  if (spawnSync('ansible', ['--version']).status === 0) row('Ansible ad-hoc task', await ansible(5))
  else process.stdout.write('\nAnsible is not measured: it is not installed (Debian: ansible-core)\n')
  const beyond = quantile(warm, 0.95) - quantile(trips, 0.5)
  process.stdout.write(`\nevha, warm, p95 beyond the median round trip: ${beyond.toFixed(1)} ms (goal: 5).\n`)
  process.stdout.write(`A pulled cable is noticed after ${(await deadLink()).toFixed(0)} ms (goal: 5000).\n`)
}

/** From the pulled cable of another host to the end of a command that runs there, ms. */
async function deadLink(): Promise<number> {
  const remote = openSsh({ ...target, name: 'node-3', host: addressOf('node-3') })
  await remote.run(reads('true', ['true']))
  const running = remote.run(reads('wait', ['sleep', '60'], { timeoutMs: 60_000 }))
  await new Promise((wake) => setTimeout(wake, 1_000))
  must('ip', ['link', 'set', 'vb-node-3', 'down'])
  const startedAt = performance.now()
  const outcome = await running
  const ms = performance.now() - startedAt
  must('ip', ['link', 'set', 'vb-node-3', 'up'])
  if (outcome.kind !== 'unknown' || outcome.why !== 'linkLost') throw new Error('the link was not lost')
  await remote.close()
  return ms
}

async function multiplexed(rounds: number): Promise<number[]> {
  const control = join(hostsDir, 'control')
  const shared = [
    ...options,
    '-o',
    `ControlPath=${control}`,
    '-o',
    'ControlMaster=auto',
    '-o',
    'ControlPersist=60',
  ]
  must('ssh', [...shared, `root@${host}`, 'true'])
  const all = await times(rounds, () => must('ssh', [...shared, `root@${host}`, 'true']))
  must('ssh', [...shared, '-O', 'exit', `root@${host}`])
  return all
}

async function ansible(rounds: number): Promise<number[]> {
  const dir = mkdtempSync(join(tmpdir(), 'evha-bench-'))
  const inventory = join(dir, 'inventory')
  writeFileSync(
    inventory,
    `${host} ansible_user=root ansible_ssh_private_key_file=${key} ansible_ssh_common_args='-o UserKnownHostsFile=${known}'\n`,
  )
  const once = () => must('ansible', ['all', '-i', inventory, '-m', 'command', '-a', 'true'])
  try {
    once()
    return await times(rounds, once)
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

/** The section of docs/benchmarks.md. */
const sectionWith = (figures: string) => `${sshHeading}

Written by \`script/bench ssh --write\`, in one run with nothing else on the machine: ${machine()}. \`true\` on one of three hosts
([host tier](host-tier.md)); evha's warm figure is a command in a shell that waits there, ssh and Ansible start a program here each time.

${figures.trim()}`

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { write: { type: 'string' } },
})
const [rounds = '200', where] = positionals
if (where === 'inside') await inside(Number(rounds))
else {
  const up = await run(script, ['up', '3']).ended
  if (up.code !== 0) throw new Error(up.stderr)
  const tsx = join('node_modules', '.bin', 'tsx')
  const seen = await run(script, ['within', tsx, 'test/bench/ssh.ts', rounds, 'inside']).ended
  process.stdout.write(seen.stdout)
  process.stderr.write(seen.stderr)
  if (values.write !== undefined && seen.code === 0)
    writeFileSync(values.write, withSection(readFileSync(values.write, 'utf8'), sectionWith(seen.stdout)))
  await run(script, ['down']).ended
  process.exitCode = seen.code ?? 1
}
