import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { readLog } from '../../../src/evnode/logs.ts'
import { readOfflineHeight } from '../../../src/evnode/store.ts'
import { leaderOf } from '../../lab/standin/leader.ts'
import {
  hashAt,
  heightOf,
  type Place,
  type RunningNode,
  reaches,
  rpcOf,
  until,
} from '../../lab/standin/stand.ts'
import { aCase, type Case } from '../case.ts'
import { at, type Ground } from '../ground.ts'
import { NotReachable, type Observation } from '../observation.ts'

const attemptsMax = 4

export async function sameHashes(places: readonly Place[], from: number, to: number): Promise<boolean> {
  for (let height = from; height <= to; height += 1) {
    const hashes = await Promise.all(places.map((place) => hashAt(place, height)))
    if (new Set(hashes).size !== 1) return false
  }
  return true
}

/** Three members on equal stores, their Raft directories bootstrapped before, all at the chain's next blocks. */
export async function cluster(ground: Ground, ...flags: string[]) {
  const { places, last } = await ground.chain(3)
  const codes = await ground.bootstrap(places)
  const nodes = places.map((place) => ground.member(place, places, ...flags))
  await Promise.all(places.map((place) => reaches(place, last + 3)))
  return { places, last, nodes, codes }
}

/** Members with empty Raft directories, started at once until all of them come up: one may be struck (evnode.md A3). */
async function allUp(ground: Ground, places: readonly Place[], height: number): Promise<RunningNode[]> {
  for (let attempt = 0; attempt < attemptsMax; attempt += 1) {
    for (const { home } of places) rmSync(join(home, 'raft'), { recursive: true, force: true })
    const nodes = places.map((place) => ground.member(place, places))
    const all = Promise.all(places.map((place) => reaches(place, height))).then(() => true)
    const struck = Promise.race(nodes.map((node) => node.ended())).then(() => false)
    if (await Promise.race([all.catch(() => false), struck])) return nodes
    await Promise.all(nodes.map((node) => node.kill()))
  }
  throw new NotReachable(`a member was struck in each of ${attemptsMax} attempts`)
}

function nodeAt(nodes: readonly RunningNode[], places: readonly Place[], place: Place): RunningNode {
  const node = nodes[places.indexOf(place)]
  if (node === undefined) throw new Error(`no process for ${place.name}`)
  return node
}

const kindsIn = (node: RunningNode) => new Set(node.events.map(({ kind }) => kind))

/** A cluster that is built on a copied store, and what its members do. */
export const clusterCases: readonly Case[] = [
  aCase('bootstrap of a Raft directory, alone', 'smoke', async (ground) => {
    const { places, last } = await ground.chain(3)
    const place = at(places, 0)
    const node = ground.member(place, places)
    const empty = await node.until('configuration')
    await node.until('bootstrapped')
    const answer = await rpcOf(place).live()
    const code = await node.stop()
    const again = ground.member(place, places)
    await again.until('raftStarted')
    const kept = await again.until('configuration')
    const secondCode = await again.stop()
    const height = readOfflineHeight((await ground.offline(place.home)).stderr)
    return {
      code,
      secondCode,
      first: { index: empty.index, voters: empty.voters.length },
      second: {
        index: kept.index,
        voters: kept.voters.map(({ nodeId, address }) => `${nodeId} ${ground.plain(address)}`).sort(),
      },
      bootstrapsAgain: kindsIn(again).has('bootstrapped'),
      rpc: answer.kind,
      files: readdirSync(join(place.home, 'raft')).sort(),
      heightUnchanged: height.kind === 'height' && height.height === last,
    }
  }),
  aCase('three nodes with equal stores', 'commit and verifyElection', async (ground) => {
    const { places, last, nodes } = await cluster(ground)
    const first = at(places, 0)
    const lastHash = await hashAt(first, last)
    const next = await rpcOf(first).block(last + 1)
    const leader = await leaderOf(places)
    const follower = places.find((place) => place !== leader) ?? leader
    const led = nodeAt(nodes, places, leader)
    const followed = nodeAt(nodes, places, follower)
    const state = await rpcOf(follower).state()
    return {
      firstBlock: Math.min(...nodes.flatMap((node) => node.produced)) - last,
      linked: next.kind === 'ok' && next.value.header.lastHeaderHash === lastHash,
      sameHashes: await sameHashes(places, 1, last + 3),
      producers: nodes.filter((node) => node.produced.length > 0).length,
      leaderSays: ['electionWon', 'leading', 'initialized', 'rpcStarted', 'produced'].map((kind) =>
        [...kindsIn(led)].some((one) => one === kind),
      ),
      followerSays: ['following', 'initialized', 'rpcStarted', 'syncing', 'leaderChanged'].map((kind) =>
        [...kindsIn(followed)].some((one) => one === kind),
      ),
      // Raft and P2P bring the same block, whichever is first: on the real node either was seen.
      otherSources: followed.events.filter(
        (event) => event.kind === 'syncing' && !['raft', 'p2p'].includes(event.source),
      ).length,
      leaderRole: await role(ground, leader),
      followerRole: await role(ground, follower),
      followerReady: await ground.ask(follower, '/health/ready'),
      followerState: state.kind,
      peerInfo: (await rpcOf(follower).netInfo()).kind,
    }
  }),
  aCase(
    'three nodes with empty Raft directories, all at once',
    'commit without a kept directory',
    async (ground) => {
      const { places, last } = await ground.chain(3)
      const nodes = await allUp(ground, places, last + 2)
      return {
        bootstrapped: nodes.map((node) => kindsIn(node).has('bootstrapped')),
        up: nodes.map((node) => node.isUp),
        sameHashes: await sameHashes(places, last, last + 2),
      }
    },
  ),
  aCase(
    'a stopped leader and a stopped follower',
    'rolling restart, and the unit that shows `failed`',
    async (ground) => {
      const { places, nodes } = await cluster(ground)
      const leader = await leaderOf(places)
      const led = nodeAt(nodes, places, leader)
      const code = await led.stop()
      const left = places.filter((place) => place !== leader)
      const second = await leaderOf(left)
      const head = (await heightOf(second)) ?? 0
      await Promise.all(left.map((place) => reaches(place, head + 2)))
      const same = await sameHashes(left, 1, head + 2)
      const follower = left.find((place) => place !== second) ?? second
      const followed = nodeAt(nodes, places, follower)
      const followerCode = await followed.stop()
      return {
        leader: {
          code,
          last: led.last,
          halted: kindsIn(led).has('halted'),
          lost: kindsIn(led).has('leaderLockLost'),
        },
        othersGoOn: same,
        follower: { code: followerCode, end: followed.events.at(-1)?.kind ?? '' },
      }
    },
  ),
  aCase('a leader that loses its quorum', 'quorumLost and leaderLockLost', async (ground) => {
    const { places, nodes } = await cluster(ground)
    const leader = await leaderOf(places)
    await Promise.all(nodes.map((node, k) => (places[k] === leader ? undefined : node.stop('SIGKILL'))))
    const led = nodeAt(nodes, places, leader)
    return { code: await ground.ended(led), last: led.last, lost: kindsIn(led).has('leaderLockLost') }
  }),
  aCase('fewer than a quorum', 'warm: nothing irreversible yet', async (ground) => {
    const { places, last } = await ground.chain(5)
    await ground.bootstrap(places)
    const pair = places.slice(0, 2)
    const nodes = pair.map((place) => ground.member(place, places))
    for (const node of nodes)
      await until('elections in vain', () =>
        node.stderr.split('campaign failed').length > 3 ? true : undefined,
      )
    const rpc = await Promise.all(pair.map(async (place) => (await rpcOf(place).live()).kind))
    const codes = await Promise.all(nodes.map((node) => node.stop()))
    const heights = []
    for (const { home } of pair) heights.push(readOfflineHeight((await ground.offline(home)).stderr))
    return {
      rpc,
      codes,
      produced: nodes.flatMap((node) => node.produced),
      heightsUnchanged: heights.every((read) => read.kind === 'height' && read.height === last),
    }
  }),
  aCase('a warm pair and the third one', 'the order of commit.start', async (ground) => {
    const { places, last } = await ground.chain(3)
    await ground.bootstrap(places)
    const pair = places.slice(0, 2).map((place) => ground.member(place, places))
    for (const node of pair) await node.until('peerConnected')
    const nodes = [...pair, ground.member(at(places, 2), places)]
    await Promise.all(places.map((place) => reaches(place, last + 2)))
    const leader = nodes.find((node) => node.produced.includes(last + 1))
    const kinds = leader?.events.map(({ kind }) => kind) ?? []
    return {
      leads: kinds.includes('leading'),
      producesAfterLeading: kinds.indexOf('produced') > kinds.indexOf('leading'),
      up: nodes.map((node) => node.isUp),
      sameHashes: await sameHashes(places, last, last + 2),
    }
  }),
  aCase('a follower comes back', 'rolling restart', async (ground) => {
    const { places, nodes } = await cluster(ground)
    const leader = await leaderOf(places)
    const follower = places.find((place) => place !== leader) ?? leader
    const code = await nodeAt(nodes, places, follower).stop()
    const head = (await heightOf(leader)) ?? 0
    await reaches(leader, head + 3)
    const again = ground.member(follower, places)
    await reaches(follower, head + 5)
    return { code, sameHashes: await sameHashes([leader, follower], head, head + 5), up: again.isUp }
  }),
  aCase('a killed leader comes back', 'failover drill', async (ground) => {
    const { places, nodes } = await cluster(ground)
    const leader = await leaderOf(places)
    await nodeAt(nodes, places, leader).stop('SIGKILL')
    const left = places.filter((place) => place !== leader)
    const second = await leaderOf(left)
    const head = (await heightOf(second)) ?? 0
    await reaches(second, head + 3)
    const again = ground.member(leader, places)
    await reaches(leader, head + 5)
    return { sameHashes: await sameHashes(places, 1, head + 5), up: again.isUp }
  }),
  aCase('a late joiner with a kept Raft directory', 'commit.rest', async (ground) => {
    const { places, last } = await ground.chain(3)
    await ground.bootstrap(places)
    places.slice(0, 2).map((place) => ground.member(place, places))
    await Promise.all(places.slice(0, 2).map((place) => reaches(place, last + 5)))
    const joiner = ground.member(at(places, 2), places)
    await joiner.until('raftStarted')
    await reaches(at(places, 2), last + 7)
    return {
      up: joiner.isUp,
      bootstrapsAgain: kindsIn(joiner).has('bootstrapped'),
      sameHashes: await sameHashes(places, 1, last + 7),
    }
  }),
  aCase('a member whose data is gone', 'repair', async (ground) => {
    const { places, nodes } = await cluster(ground)
    const leader = await leaderOf(places)
    const follower = places.find((place) => place !== leader) ?? leader
    await nodeAt(nodes, places, follower).stop()
    rmSync(join(follower.home, 'data'), { recursive: true })
    ground.member(follower, places)
    const head = await reaches(follower, ((await heightOf(leader)) ?? 0) + 2)
    return { catchesUp: await sameHashes([leader, follower], 1, head) }
  }),
  aCase('lines of Raft in text', 'raftLibrary', async (ground) => {
    const { places } = await ground.chain(3)
    const node = ground.member(at(places, 0), places, '--evnode.log.format', 'text')
    await until('an election', () =>
      readLog(node.stderr).some(({ kind }) => kind === 'electionStarted') ? true : undefined,
    )
    const configuration = readLog(node.stderr).find((event) => event.kind === 'configuration')
    return {
      kinds: ['raftInitialized', 'configuration', 'bootstrapped', 'electionStarted'].map((kind) =>
        readLog(node.stderr).some((event) => event.kind === kind),
      ),
      voters: configuration?.kind === 'configuration' ? configuration.voters.length : -1,
      code: await node.stop(),
    }
  }),
]

async function role(ground: Ground, place: Place): Promise<Observation | string> {
  const answer = await ground.ask(place, '/raft/node')
  return typeof answer === 'string'
    ? answer
    : { status: answer.status, body: answer.text.replace(place.name, '<name>') }
}
