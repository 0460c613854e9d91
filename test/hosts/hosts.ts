import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { Gate } from '../../src/base/names.ts'
import { heightsTwice } from '../../src/lab/witness.ts'
import type { Report } from '../../src/run/api.ts'
import { heldToSchema } from '../json-held.ts'
import { type Ended, outputOf } from '../output-of.ts'
import { foundChain, operator } from './found-chain.ts'

const project = resolve(import.meta.dirname, '..', '..')
export const script = join(project, 'script', 'hosts')
const main = join(project, 'dist', 'cli', 'main.js')
/** Far more than a command needs, and less than a test has: the one that hangs is named, with what it had printed. */
interface Patience {
  readonly onMs: number
  readonly evhaMs: number
}
const usual: Patience = { onMs: 60_000, evhaMs: 180_000 }
const faultTimeoutMs = 100_000
const upTimeoutMs = 150_000
const downTimeoutMs = 90_000
const waitMaxMs = 120_000
/** A host that was cut off must not keep a failure from being told. */
const toldTimeoutMs = 15_000

/** Where `script/hosts` keeps its machines. */
export const hostsDir = process.env['EVHA_HOSTS_DIR'] ?? '/var/tmp/evha-hosts'

/** The real node runs where it is named; whoever looks for what only the stand-in notes must ask. */
export const realNode = (process.env['EVHA_NODE_BIN'] ?? '') !== ''

/** What runs, and how to send it a signal. */
export interface Started {
  readonly ended: Promise<Ended>
  kill(signal: NodeJS.Signals): void
}

/** The application that the node of the hosts is, and its database. */
export interface Application {
  readonly name: 'testapp' | 'evm'
  readonly db: string
}
const testapp: Application = { name: 'testapp', db: 'testapp' }
const evm: Application = { name: 'evm', db: 'evm-single' }

/** What a test may have otherwise than usual. */
interface Wish extends Partial<Patience> {
  /** A chain whose nodes drive execution clients, one on each host. */
  readonly evm?: boolean
}

/** Machines with a systemd and an sshd of their own, a live single sequencer on node-1, and DA beside them. */
export interface Hosts {
  readonly chain: string
  readonly application: Application
  readonly runbook: string
  readonly stateDir: string
  readonly names: readonly string[]
  /** Runs on a host as root, over its sshd. */
  on(host: string, command: string, stdin?: string): Promise<Ended>
  /** evha as built, in the hosts' network. */
  start(...args: string[]): Started
  evha(...args: string[]): Promise<Ended>
  /** The same, that kills itself with SIGKILL when it comes to a named place of its own. */
  killedAt(place: string, ...args: string[]): Promise<Ended>
  /** `kill`, `boot`, `cut` or `join` of `script/hosts`. */
  fault(what: 'kill' | 'boot' | 'cut' | 'join', host: string): Promise<void>
  /** A file of a host as it stands on its disk. */
  file(host: string, path: string): string | undefined
}

export function run(
  program: string,
  args: readonly string[],
  {
    stdin = '',
    env = {},
    timeoutMs,
  }: { stdin?: string; env?: Readonly<Record<string, string>>; timeoutMs?: number } = {},
): Started {
  const child = spawn(program, args, { cwd: project, env: { ...process.env, ...env } })
  const ended = outputOf(child, timeoutMs === undefined ? {} : { timeoutMs })
  // Whoever asks for the end is told of a failure; nobody has to ask.
  ended.catch(() => undefined)
  child.stdin.on('error', () => undefined)
  child.stdin.end(stdin)
  return { ended, kill: (signal) => child.kill(signal) }
}

/** Machines for one test, gone at its end whatever happens. */
export async function withHosts(
  count: 3 | 5,
  work: (hosts: Hosts) => Promise<void>,
  wish: Wish = {},
): Promise<void> {
  const stateDir = mkdtempSync(join(tmpdir(), 'evha-hosts-'))
  const hosts = hostsOf(count, stateDir, wish)
  try {
    const up = await run(script, ['up', String(count)], { timeoutMs: upTimeoutMs }).ended
    if (up.code !== 0) throw new Error(`script/hosts up: ${up.stderr}`)
    await foundChain(hosts)
    writeFileSync(hosts.runbook, runbookOf(hosts))
    await work(hosts)
  } catch (thrown) {
    // On CI nobody can look at the machines afterwards.
    if (thrown instanceof Error) thrown.message = `${thrown.message}\n\n${await toldBy(hosts)}`
    throw thrown
  } finally {
    await run(script, ['down'], { timeoutMs: downTimeoutMs }).ended
    rmSync(stateDir, { recursive: true, force: true })
  }
}

const toldByHost = "journalctl -u 'ev-node.service' -u 'evha-dead-man-*' -n 30 --no-pager -o short-precise"

/** What the newest run reports but for its steps, and the last words of node and dead-man on each host that answers. */
async function toldBy(hosts: Hosts): Promise<string> {
  const soon = (asked: Promise<Ended>) => {
    const silent = new Promise<null>((over) => setTimeout(over, toldTimeoutMs, null))
    return Promise.race([asked.catch(() => null), silent])
  }
  const report = (await soon(hosts.start('report', '--json').ended)) ?? { stdout: '', stderr: 'no report' }
  const nodes = await Promise.all(
    hosts.names.map(async (host) => {
      const journal = await soon(hosts.on(host, toldByHost))
      return `--- ${host}\n${journal === null ? 'it does not answer' : journal.stdout + journal.stderr}`
    }),
  )
  return [report.stdout.replace(/"steps": \[[\s\S]*?\n {2}\],?/, ''), report.stderr, ...nodes].join('\n')
}

export function hostsOf(count: number, stateDir: string, wish: Wish = {}): Hosts {
  const { onMs, evhaMs } = { ...usual, ...wish }
  const within = (args: readonly string[], env = {}) =>
    run(script, ['within', process.execPath, main, ...args, '--state-dir', stateDir], {
      env,
      timeoutMs: evhaMs,
    })
  const start = (...args: string[]) => within(args)
  return {
    chain: 'hosts-chain',
    application: wish.evm === true ? evm : testapp,
    runbook: join(stateDir, 'runbook.yaml'),
    stateDir,
    names: Array.from({ length: count }, (_, k) => `node-${k + 1}`),
    on: (host, command, stdin = '') => run(script, ['exec', host, command], { stdin, timeoutMs: onMs }).ended,
    start,
    evha: async (...args) => {
      const ended = await start(...args).ended
      heldToSchema(args, ended.stdout)
      return ended
    },
    killedAt: (place, ...args) => within(args, { EVHA_CRASH_AT: place }).ended,
    async fault(what, host) {
      const ended = await run(script, [what, host], { timeoutMs: faultTimeoutMs }).ended
      if (ended.code !== 0) throw new Error(`script/hosts ${what} ${host}: ${ended.stderr}`)
    },
    file(host, path) {
      const at = join(hostsDir, 'm', host, 'root', path)
      return existsSync(at) ? readFileSync(at, 'utf8') : undefined
    },
  }
}

export function addressOf(host: string): string {
  return host === 'da' ? '10.78.0.20' : `10.78.0.${10 + Number(host.slice('node-'.length))}`
}

/** Where the execution client of a host answers everybody; its Engine API answers on the host alone. */
export const ethUrlOf = (host: string): string => `http://${addressOf(host)}:8545`

/** How the runbook names a host: one of five by IPv6, where this machine has it. */
const writtenAddressOf = (host: string): string =>
  host === 'node-4' && existsSync('/proc/net/if_inet6') ? 'fd78::14' : addressOf(host)

/** Where the node's home lies: of five hosts two have it at a path of their own. */
export const homeOf = (host: string): string =>
  ({ 'node-4': '/var/lib/sequencer', 'node-5': '/var/lib/chain' })[host] ?? '/var/lib/ev-node'

function runbookOf({ chain, names, application }: Hosts): string {
  const nodes = names.map((name) =>
    [
      `  - name: ${name}`,
      '    ssh:',
      `      host: "${writtenAddressOf(name)}"`,
      `      user: ${name === 'node-2' ? operator.name : 'root'}`,
      `      identityFile: ${hostsDir}/operator_key`,
      `      knownHostsFile: ${hostsDir}/known_hosts`,
      `    address: "${writtenAddressOf(name)}"`,
      `    home: ${homeOf(name)}`,
      ...(application === evm ? [`    execution: { ethUrl: "${ethUrlOf(name)}" }`] : []),
    ].join('\n'),
  )
  return `version: 1
chain: ${chain}
node:
  binary: /usr/local/bin/${application.name}
  db: ${application.db}
nodes:
${nodes.join('\n')}
source: node-1
copy:
  via: direct
window:
  soakSeconds: 3
staging: true
`
}

export const confirm = (hosts: Hosts, ...gates: Gate[]): string[] =>
  gates.flatMap((gate) => ['--confirm', `${gate}=${hosts.chain}`])

/** The migration as `evha migrate --json` tells of it. */
export async function migrate(
  hosts: Hosts,
  ...gates: Gate[]
): Promise<{ code: number | null; report: Report; stderr: string }> {
  const ended = await hosts.evha('migrate', hosts.runbook, '--json', ...confirm(hosts, ...gates))
  return { code: ended.code, report: JSON.parse(ended.stdout) as Report, stderr: ended.stderr }
}

interface Noted {
  readonly what: 'signed' | 'kept'
  readonly height: number
  readonly hash: string
}

/** Heights for which two headers were signed and kept, as the stand-in noted; the real node notes nothing. */
export function signedTwice(hosts: Hosts): number[] {
  const noted = hosts.names.flatMap((host) =>
    (hosts.file(host, '/var/log/ev-node/signed.log') ?? '')
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as Noted),
  )
  if (!realNode && noted.length === 0) throw new Error('the stand-in noted no signature at all')
  return heightsTwice(noted.filter(({ what }) => what === 'kept'))
}

/** Asks again and again until there is an answer. */
export async function until<T>(what: string, ask: () => Promise<T | undefined>): Promise<T> {
  const deadlineMs = Date.now() + waitMaxMs
  for (;;) {
    const answer = await ask()
    if (answer !== undefined) return answer
    if (Date.now() > deadlineMs) throw new Error(`waited ${waitMaxMs / 1_000} s in vain for ${what}`)
    await new Promise((wake) => setTimeout(wake, 50))
  }
}

/** Runs a command on a host, and throws unless it exits 0. */
export async function did(hosts: Hosts, host: string, command: string, stdin = ''): Promise<Ended> {
  const ended = await hosts.on(host, command, stdin)
  if (ended.code !== 0) throw new Error(`${host}: ${command}: exit ${ended.code}: ${ended.stderr}`)
  return ended
}
