import { EvhaError } from '../base/errors.ts'
import { type NodeConfig, readConfig } from '../evnode/config.ts'
import { executionClientOf } from '../evnode/execution.ts'
import { readGenesis } from '../evnode/genesis.ts'
import { homeFiles } from '../evnode/home.ts'
import { nodeRpc } from '../evnode/rpc.ts'
import { storeAmong } from '../evnode/store.ts'
import { flagOverrides, type NodeCommand, nodeCommand, parseUnit, passphraseFileIn } from '../evnode/unit.ts'
import { readFile, readSecretFile } from '../steps/host/files.ts'
import {
  type HostLook,
  type LoadedUnit,
  lookAtHost,
  lookAtNode,
  lookForProcesses,
  lookForUnits,
  type NodeLook,
  nodeProcessesIn,
  nodeUnits,
  readHost,
  readNode,
} from '../steps/init/look.ts'
import { isInContainer } from '../steps/prepare/starter-findings.ts'
import type { HostProcess } from '../steps/prepare/starters.ts'
import { heard, type NamedHost } from './init-hosts.ts'

/** The live sequencer, as it was found. */
export interface FoundSource {
  readonly host: HostLook
  readonly unit: LoadedUnit
  readonly command: NodeCommand
  readonly home: string
  readonly config: NodeConfig
  readonly chain: string
  /** The database that holds the store; null when several could be it. */
  readonly db: string | null
  readonly node: NodeLook
  readonly passphraseFile: string
  /** Height; null when the RPC did not answer. */
  readonly head: number | null
  readonly ethUrl: string | null
}

/** Which of several units; null: nobody can say. */
export type ChooseUnit = (units: readonly LoadedUnit[]) => Promise<string | null>

/** Looks at a host where the sequencer is said to run; reads only. Throws EvhaError with one sentence for what is wrong. */
export async function lookAtSource(
  at: NamedHost,
  wantedUnit: string | undefined,
  choose: ChooseUnit,
): Promise<FoundSource> {
  const host = readHost(await heard(at, lookAtHost()))
  const unit = await oneUnit(at, wantedUnit, choose)
  const [text, ...dropIns] = await Promise.all(
    [unit.fragmentPath, ...unit.dropIns].map((path) => heard(at, readFile(path))),
  )
  const command = nodeCommand(
    parseUnit(
      text ?? '',
      unit.dropIns.map((path, i) => ({ name: path.split('/').at(-1) ?? path, text: dropIns[i] ?? '' })),
    ),
  )
  const { home } = command
  if (home === undefined || !home.startsWith('/'))
    throw blocked(
      `${at.name}: ExecStart of ${unit.name} names no absolute --home, so where the chain lies is not said`,
      'add --home DIR to ExecStart, reload and restart when it suits you',
    )
  const [configText, genesisText] = await Promise.all([
    heard(at, readSecretFile(homeFiles(home).config)),
    heard(at, readFile(homeFiles(home).genesis)),
  ])
  const config = readConfig(configText, flagOverrides(command))
  const passphraseFile = passphraseFileIn(command)
  const node = readNode(await heard(at, lookAtNode({ home, binary: command.binary, passphraseFile })))
  const state = await nodeRpc(() => at.remote.tunnel(config.rpc), { timeoutMs: 3_000 }).state()
  return {
    host,
    unit,
    command,
    home,
    config,
    chain: readGenesis(genesisText).chainId,
    db: storeAmong(node.databases),
    node,
    passphraseFile,
    head: state.kind === 'ok' ? state.value.lastBlockHeight : null,
    ethUrl: executionClientOf(command)?.ethUrl ?? null,
  }
}

async function oneUnit(at: NamedHost, wanted: string | undefined, choose: ChooseUnit): Promise<LoadedUnit> {
  const units = nodeUnits(await heard(at, lookForUnits()))
  const full = wanted === undefined || wanted.endsWith('.service') ? wanted : `${wanted}.service`
  if (full !== undefined) return named(at, units, full)
  const [first, ...more] = units
  if (first === undefined) throw withoutUnit(at.name, nodeProcessesIn(await heard(at, lookForProcesses())))
  if (more.length === 0) return first
  const chosen = await choose(units)
  if (chosen !== null) return named(at, units, chosen)
  throw blocked(
    `${at.name}: ${units.length} units start a node: ${units.map(({ name, active }) => `${name} (${active})`).join(', ')}`,
    'say which one is the sequencer: --unit NAME',
  )
}

function named(at: NamedHost, units: readonly LoadedUnit[], wanted: string): LoadedUnit {
  const found = units.find(({ name }) => name === wanted)
  if (found !== undefined) return found
  const others =
    units.length === 0
      ? 'none does'
      : `${units.map(({ name }) => name).join(', ')} ${units.length === 1 ? 'does' : 'do'}`
  throw blocked(
    `${at.name}: no unit ${wanted} starts a node there; ${others}`,
    'give another --unit, or none',
  )
}

/** What to say of a host on which no unit starts a node. */
export function withoutUnit(name: string, processes: readonly HostProcess[]): EvhaError {
  const [one, ...more] = processes
  const none = `${name}: no unit of systemd starts a node`
  if (one === undefined)
    return blocked(
      `${none}, and no process runs one`,
      'name the host on which the sequencer runs: --source SSH',
    )
  if (more.length > 0)
    return blocked(
      `${none}; ${1 + more.length} processes run one: ${[one, ...more].map(({ pid }) => pid).join(', ')}`,
      'end all but the one that signs, and have a unit run that one',
    )
  if (isInContainer(one))
    return blocked(
      `${none}; process ${one.pid} runs one in a container`,
      'evha migrates a node that a unit of the host runs: move it out of the container',
    )
  return blocked(
    `${none}; process ${one.pid} of ${one.user} runs ${one.program} without one`,
    `have a unit run it: take runbooks/single-to-ha.yaml, name this host in it, and evha check RUNBOOK --unit-file ev-node.service writes the unit`,
  )
}

const blocked = (message: string, hint: string) =>
  new EvhaError({ kind: 'blocked', message, changedAnything: 'no', retryable: true, hint })
