// The window of an EVM chain beside that of a chain without clients, and what is left to replay as evha predicts it beside
// what it then took: `script/bench evm [ROUNDS] [--behind BLOCKS,...] [--results FILE] [--write FILE]`.
//   ROUNDS          pairs: the chain without clients, then the EVM chain with clients at the head (3)
//   --behind 5,10,20  beside them one round for each number: on three hosts, so many blocks are taken from the client of
//                   one peer, the other one the next time, once its full node has ended in the window, as a client loses that went down
//   --results FILE  keeps each round in FILE; the figures are those of all rounds in it, and ROUNDS more are made
//   --write FILE    writes the figures into that page as a section of it
// With the real application EVHA_NODE_BIN is its `evm`, EVHA_EL_BIN its client, EVHA_DA_BIN its DA, and EVHA_PLAIN_NODE_BIN
// its `testapp`, for the rounds without clients.
import { readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { readLog } from '../../src/evnode/logs.ts'
import type { JournalRecord } from '../../src/journal/record.ts'
import { listRuns } from '../../src/journal/runs.ts'
import { readRun } from '../../src/run/rebuild.ts'
import { replayedIn } from '../../src/steps/chain/client-log.ts'
import type { Replayed } from '../../src/steps/facts.ts'
import { did, type Hosts, realNode, withHosts } from '../hosts/hosts.ts'
import {
  type EvmRound,
  hostsOf,
  leaderIn,
  plannedRounds,
  predictedIn,
  type ReplayRound,
  timesIn,
} from './evm-rounds.ts'
import { evmSection } from './evm-section.ts'
import { keepRounds, keptRounds } from './kept-rounds.ts'
import { takeBlocks } from './lost-blocks.ts'
import { machine } from './page.ts'
import { withSection } from './section.ts'
import { windowOn } from './window-round.ts'

const headBefore = 20
/** So long that the full nodes have something to catch up with, from which the pace of a replay is seen. */
const headBeforeReplay = 40
const evhaMs = 600_000

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    behind: { type: 'string', default: '' },
    results: { type: 'string' },
    write: { type: 'string' },
  },
})
const say = (text: string) => process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${text}\n`)

const evmBinary = process.env['EVHA_NODE_BIN']
const plainBinary = process.env['EVHA_PLAIN_NODE_BIN']

/** The hosts of the next round have the application of its chain. */
function chooseApplication(kind: EvmRound['kind']): void {
  if (evmBinary === undefined || plainBinary === undefined) return
  process.env['EVHA_NODE_BIN'] = kind === 'without' ? plainBinary : evmBinary
}

async function round({ kind, lost }: Pick<EvmRound, 'kind' | 'lost'>, k: number): Promise<EvmRound> {
  const base = {
    kind,
    at: new Date().toISOString(),
    real: realNode,
    ...(lost === undefined ? {} : { lost }),
  }
  let seen: EvmRound = { ...base, failed: 'no round was seen' }
  chooseApplication(kind)
  try {
    await withHosts(
      hostsOf[kind],
      async (hosts) => {
        if (lost !== undefined)
          await takeBlocks(hosts, hosts.names[1 + (k % (hostsOf.behind - 1))] ?? '', lost)
        const { seen: window } = await windowOn(hosts, kind === 'behind' ? headBeforeReplay : headBefore)
        const records = journalOf(hosts)
        await keepLogs(hosts, `${kind}-${base.at}`)
        const replay = kind === 'without' ? undefined : await replayOn(hosts, records)
        seen = { ...base, window, times: timesIn(records), ...(replay === undefined ? {} : { replay }) }
      },
      { evm: kind !== 'without', evhaMs },
    )
  } catch (thrown) {
    return { ...base, failed: thrown instanceof Error ? thrown.message : String(thrown) }
  }
  return seen
}

/** With EVHA_BENCH_REPORTS=DIR the nodes' logs are kept there. */
async function keepLogs(hosts: Hosts, name: string): Promise<void> {
  const dir = process.env['EVHA_BENCH_REPORTS']
  if (dir === undefined) return
  for (const host of hosts.names) {
    const logged = "journalctl -q -u 'evha-warm-up-*' -u ev-node.service -o short-unix"
    writeFileSync(`${dir}/${name}-${host}.log`, (await did(hosts, host, logged)).stdout)
  }
}

function journalOf({ stateDir }: Hosts): readonly JournalRecord[] {
  const [newest] = listRuns(stateDir)
  if (newest === undefined) throw new Error(`no run in ${stateDir}`)
  return readRun(newest).records
}

/** What evha foretold at the proof, and what each node logged of its replay. */
async function replayOn(hosts: Hosts, records: readonly JournalRecord[]): Promise<ReplayRound> {
  const predicted = predictedIn(records)
  if (predicted === undefined) throw new Error('the journal tells nothing of what is left to replay')
  const logged = await Promise.all(
    hosts.names.map(async (host) => [host, await replayedOn(hosts, host)] as const),
  )
  const seen = Object.fromEntries(logged.flatMap(([host, one]) => (one === null ? [] : [[host, one]])))
  return { predicted, seen, leader: leaderIn(records) ?? '' }
}

async function replayedOn(hosts: Hosts, host: string): Promise<Replayed | null> {
  // The unit of node-1 was the single sequencer's before, whose client lacked nothing.
  const { stdout } = await did(hosts, host, 'journalctl -q -u ev-node.service -o short-unix')
  return replayedIn(readLog(stdout))
}

const told = ({ kind, lost, window, failed }: EvmRound) =>
  `${kind}${lost === undefined ? '' : ` ${lost} blocks`}: ${window === undefined ? failed : `gap ${window.gapMs} ms, ${window.voting} of ${hostsOf[kind]}`}`

const given = [evmBinary, plainBinary, process.env['EVHA_EL_BIN'], process.env['EVHA_DA_BIN']]
const named = given.filter((one) => (one ?? '') !== '').length
if (named !== 0 && named !== given.length) {
  say(
    'name all of EVHA_NODE_BIN (evm), EVHA_PLAIN_NODE_BIN (testapp), EVHA_EL_BIN and EVHA_DA_BIN, or none of them',
  )
  process.exit(2)
}
const rounds: EvmRound[] = keptRounds(values.results, realNode)
const behind = values.behind === '' ? [] : values.behind.split(',').map(Number)
say(`${machine()}; ${realNode ? 'real node' : 'stand-in'}`)
for (const [k, planned] of plannedRounds(Number(positionals[0] ?? '3'), behind).entries()) {
  const one = await round(planned, k)
  say(told(one))
  rounds.push(one)
  keepRounds(values.results, rounds)
}
const section = evmSection(rounds)
process.stdout.write(`${section}\n`)
if (values.write !== undefined)
  writeFileSync(values.write, withSection(readFileSync(values.write, 'utf8'), section))
process.exit(rounds.some(({ failed }) => failed !== undefined) ? 1 : 0)
