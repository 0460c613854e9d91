import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join, resolve } from 'node:path'
import { EvhaError } from '../base/errors.ts'
import { nodeRpc } from '../evnode/rpc.ts'
import { labControl } from './control.ts'
import { clearRemains } from './down.ts'
import { hostFiles, type LabInfo, labFiles } from './layout.ts'
import { planLab } from './plan.ts'

export type { LabHost, LabInfo } from './layout.ts'

export interface LabOptions {
  readonly stateDir: string
  readonly nodes: 3 | 5 | 7
  /** Blocks every 100 ms; for tests. */
  readonly fast: boolean
  /** How far away the hosts are: round trip of every SSH connection; 0 by default. */
  readonly rttMs?: number
  readonly chain?: string
  /** A chain whose nodes drive execution clients, one on each host: stand-ins, or those of EVHA_EL_BIN. */
  readonly evm?: boolean
}

/** The lab must have made so many blocks before it is called up. */
const firstBlocks = 3
const upTimeoutMs = 60_000
/** Real execution clients make their databases first, and blocks of a second. */
const upWithRealClientsTimeoutMs = 150_000

/** Starts a lab, or tells of the one that runs already. Resolves when its chain makes blocks. */
export async function labUp(wanted: LabOptions): Promise<LabInfo> {
  const { stateDir, nodes, rttMs = 0, chain = 'lab-chain', evm = false } = wanted
  refuseElsewhere()
  const clientBinary = evm ? programNamed('EVHA_EL_BIN') : undefined
  // A real client's blocks are at least a whole second apart.
  const fast = wanted.fast && clientBinary === undefined
  const running = await labInfo(stateDir)
  if (running !== undefined) return sameLab(running, { nodes, fast, evm, rttMs })
  const files = labFiles(stateDir)
  await clearRemains(stateDir)
  mkdirSync(files.root, { recursive: true, mode: 0o755 })
  const built = resolve(import.meta.dirname, '..')
  const plan = await planLab({
    stateDir,
    nodes,
    fast,
    evm,
    rttMs,
    chain,
    built,
    nodeBinary: programNamed('EVHA_NODE_BIN'),
    clientBinary,
  })
  writeFileSync(files.plan, JSON.stringify(plan), { mode: 0o600 })
  const log = openSync(files.log, 'a')
  const daemon = spawn(process.execPath, [join(built, 'lab', 'daemon.js'), files.plan], {
    detached: true,
    stdio: ['ignore', log, log],
    env: { ...process.env, EVHA_LAB_SOCKET: files.socket, EVHA_LAB_HOST: '' },
  })
  daemon.unref()
  let ended = false
  daemon.once('exit', () => {
    ended = true
  })
  const timeoutMs = clientBinary === undefined ? upTimeoutMs : upWithRealClientsTimeoutMs
  const deadlineMs = Date.now() + timeoutMs
  while (!existsSync(files.info) || !(await hasBlocks(plan.hosts[0]?.rpc ?? ''))) {
    if (ended || Date.now() > deadlineMs)
      throw await notUp(
        stateDir,
        ended ? 'its process ended' : `no ${firstBlocks} blocks within ${timeoutMs / 1_000} s`,
      )
    await new Promise((wake) => setTimeout(wake, 100))
  }
  return JSON.parse(readFileSync(files.info, 'utf8')) as LabInfo
}

/** An own program in the place of a stand-in. */
function programNamed(variable: string): string | undefined {
  const path = process.env[variable]
  return path === undefined || path === '' ? undefined : resolve(path)
}

/** The lab that runs in a state directory; undefined when none does. */
export async function labInfo(stateDir: string): Promise<LabInfo | undefined> {
  try {
    return JSON.parse(await labControl(stateDir, 'status')) as LabInfo
  } catch {
    return undefined
  }
}

function sameLab(
  running: LabInfo,
  { nodes, fast, evm, rttMs }: { nodes: number; fast: boolean; evm: boolean; rttMs: number },
): LabInfo {
  const same = running.hosts.length === nodes && running.fast === fast && running.rttMs === rttMs
  if (same && (running.evm !== undefined) === evm) return running
  throw new EvhaError({
    kind: 'usage',
    message: `a lab of ${running.hosts.length} hosts${running.evm === undefined ? '' : ' of an EVM chain'}${running.fast ? ', fast,' : ''} ${running.rttMs > 0 ? `, ${running.rttMs} ms away,` : ''} runs here already`,
    changedAnything: 'no',
    retryable: false,
    hint: '`evha lab down` first, or give another --state-dir',
  })
}

async function hasBlocks(rpc: string): Promise<boolean> {
  const [host = '', port = ''] = rpc.split(':')
  const open = async () => connect({ host, port: Number(port) })
  const state = await nodeRpc(open, { timeoutMs: 1_000 }).state()
  return state.kind === 'ok' && state.value.lastBlockHeight >= firstBlocks
}

async function notUp(stateDir: string, why: string): Promise<EvhaError> {
  const files = labFiles(stateDir)
  const journal = join(hostFiles(join(files.root, 'node-1')).journal, 'ev-node.service.log')
  const tail = [files.log, journal]
    .flatMap((path) => (existsSync(path) ? readFileSync(path, 'utf8').trim().split('\n').slice(-3) : []))
    .join(' | ')
  await clearRemains(stateDir)
  return new EvhaError({
    kind: 'failed',
    message: `the lab did not come up: ${why}: ${tail.slice(-1_500)}`,
    changedAnything: 'no',
    retryable: true,
    hint: 'try `evha lab up` once more',
  })
}

function refuseElsewhere(): void {
  if (process.platform === 'linux') return
  throw new EvhaError({
    kind: 'usage',
    message:
      'the embedded lab needs Linux: its hosts have addresses 127.0.0.11 and up, and their locks are flocks',
    changedAnything: 'no',
    retryable: false,
    hint: 'rehearse on staging hosts instead',
  })
}
