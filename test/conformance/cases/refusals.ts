import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { explainError } from '../../../src/evnode/errors.ts'
import { lastLine, memberFlags, type Place, singleFlags, until } from '../../lab/standin/stand.ts'
import { aCase, type Case } from '../case.ts'
import type { Ground } from '../ground.ts'
import type { Observation } from '../observation.ts'

interface Wrong {
  readonly home: string
  readonly place: Place
  readonly other: Place
  readonly ground: Ground
}

/** Makes something wrong with a home or gives the wrong flags; the flags stand after the right ones. */
type Mistake = (wrong: Wrong) => {
  readonly flags?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  readonly withoutDaFlag?: boolean
}

const raft =
  (mistake: Mistake): Mistake =>
  (wrong) => {
    const { flags = [], ...rest } = mistake(wrong)
    return { ...rest, flags: [...memberFlags(wrong.place, [wrong.place, wrong.other]), ...flags] }
  }

const address = (place: Place) => `${place.address}:${place.raftPort}`

function file(ground: Ground, name: string, text: string): string {
  writeFileSync(join(ground.dir, name), text)
  return join(ground.dir, name)
}

/** Names are those of the recorded error lines. */
const mistakes: Readonly<Record<string, Mistake>> = {
  'raft_addr 0.0.0.0': raft(() => ({ flags: ['--evnode.raft.raft_addr', '0.0.0.0:5001'] })),
  'raft_addr :5001': raft(() => ({ flags: ['--evnode.raft.raft_addr', ':5001'] })),
  'raft_addr [::]': raft(() => ({ flags: ['--evnode.raft.raft_addr', '[::]:5001'] })),
  'raft_addr missing': raft(() => ({ flags: ['--evnode.raft.raft_addr='] })),
  'node_id missing': raft(() => ({ flags: ['--evnode.raft.node_id='] })),
  'self in raft.peers, other spelling': raft(({ place, other }) => ({
    flags: [
      '--evnode.raft.peers',
      `${other.name}@${address(other)},${place.name}@localhost:${place.raftPort}`,
    ],
  })),
  'two peers with one address': raft(({ place }) => ({
    flags: ['--evnode.raft.peers', `node-2@${address(place)}`],
  })),
  'peer without node id': raft(() => ({ flags: ['--evnode.raft.peers', 'node-1:5001'] })),
  'lease timeout above heartbeat timeout': raft(() => ({
    flags: ['--evnode.raft.heartbeat_timeout', '100ms', '--evnode.raft.leader_lease_timeout', '200ms'],
  })),
  'election timeout below heartbeat timeout': raft(() => ({
    flags: ['--evnode.raft.election_timeout', '100ms'],
  })),
  'catchup_timeout with raft': raft(() => ({ flags: ['--evnode.node.catchup_timeout', '5s'] })),
  'catchup_timeout mentioned, raft switched off': () => ({
    flags: ['--evnode.raft.enable=false', '--evnode.node.catchup_timeout', '5s'],
  }),
  'promotable with raft': raft(() => ({ flags: ['--evnode.node.promotable'] })),
  'raft without aggregator': raft(() => ({ flags: ['--evnode.node.aggregator=false'] })),
  'raft port in use': raft(({ place }) => ({ flags: ['--evnode.rpc.address', address(place)] })),
  'address not on this machine': raft(() => ({ flags: ['--evnode.raft.raft_addr', '192.0.2.1:5001'] })),
  '--evnode.signer.passphrase': () => ({ flags: ['--evnode.signer.passphrase', 'x'] }),
  '--evm.jwt-secret': () => ({ flags: ['--evm.jwt-secret', 'x'] }),
  'wrong passphrase': ({ ground }) => ({
    flags: ['--evnode.signer.passphrase_file', file(ground, 'wrong', 'another')],
  }),
  'empty passphrase file': ({ ground }) => ({
    flags: ['--evnode.signer.passphrase_file', file(ground, 'empty', ' \n')],
  }),
  'missing passphrase file': ({ ground }) => ({
    flags: ['--evnode.signer.passphrase_file', join(ground.dir, 'missing')],
  }),
  'no passphrase file named': () => ({ flags: ['--evnode.signer.passphrase_file='] }),
  'missing signer.json': ({ home }) => {
    rmSync(join(home, 'config', 'signer.json'))
    return {}
  },
  'signer_path elsewhere': () => ({ flags: ['--evnode.signer.signer_path', '/nowhere'] }),
  'missing genesis.json': ({ home }) => {
    rmSync(join(home, 'config', 'genesis.json'))
    return {}
  },
  'no DA address': () => ({ flags: ['--evnode.da.address='] }),
  // The flag for the address would hide what the variable hides.
  'environment variable DA set': () => ({ env: { DA: 'x' }, withoutDaFlag: true }),
  'environment variable DB_PATH set': () => ({ env: { DB_PATH: '/x' } }),
  'rpc address in use': ({ place }) => ({
    flags: ['--evnode.p2p.listen_address', `/ip4/${place.address}/tcp/${place.rpcPort}`],
  }),
  'signer the chain does not expect': ({ home, other, ground }) => {
    writeFileSync(join(home, 'config', 'genesis.json'), ground.file(other.home, 'config', 'genesis.json'))
    return {}
  },
}

async function refused(ground: Ground, mistake: Mistake): Promise<Observation> {
  const home = await ground.newHome('node-1')
  const place = await ground.place(home, 'node-1')
  const other = await ground.place(await ground.newHome('node-2'), 'node-2')
  const { flags = [], ...rest } = mistake({ home, place, other, ground })
  const node = ground.start(home, [...singleFlags(place), ...flags], rest)
  const code = await Promise.race([
    node.ended(),
    until('an end or a block', () => (node.produced.length > 0 ? 'runs' : undefined)).catch(() => 'runs'),
  ])
  if (code === 'runs') return { runs: true }
  const said = node.last
  return {
    code,
    last: ground.plain(said),
    namedBefore: node.stderr.includes(`Error: ${said}\n`),
    usage: node.stderr.includes('\nUsage:\n  testapp start [flags]\n'),
    explained: explainError(said) !== undefined,
  }
}

/** What the node refuses, and the words it uses: evha explains them and prevents most. */
export const refusalCases: readonly Case[] = [
  ...Object.entries(mistakes).map(([name, mistake]) =>
    aCase(`refused: ${name}`, 'explainError and check', (ground) => refused(ground, mistake)),
  ),
  aCase('refused: an unknown command', 'nodeCommands', async (ground) => {
    const { code, stderr } = await ground.run(['no-such-command'])
    return { code, last: lastLine(stderr) }
  }),
  aCase('net-info of a node that does not run', 'peerIdOf in its place', async (ground) => {
    const home = await ground.newHome('node', '--evnode.rpc.address', '127.0.0.1:9')
    const { code, stderr } = await ground.run(['net-info', '--home', home])
    return { code, last: lastLine(stderr), explained: explainError(lastLine(stderr)) !== undefined }
  }),
  aCase('accepted: old prefix, both spellings, aliases', 'nodeCommand', async (ground) => {
    const started: Record<string, boolean> = {}
    for (const alias of ['run', 'node']) {
      const home = await ground.newHome(alias)
      const place = await ground.place(home, alias)
      const node = ground.start(home, [...singleFlags(place), '--rollkit.node.block_time=50ms'], { alias })
      await node.until('produced', ({ height }) => height >= 2)
      started[alias] = (await node.stop()) === 0
    }
    return started
  }),
  aCase('accepted: self in raft.peers, the same address', 'raft.peers without self', async (ground) => {
    const home = await ground.newHome('node-1')
    const place = await ground.place(home, 'node-1')
    const other = await ground.place(await ground.newHome('node-2'), 'node-2')
    const peers = `${other.name}@${address(other)},${place.name}@${address(place)}`
    const node = ground.member(place, [place, other], '--evnode.raft.peers', peers)
    await node.until('bootstrapped')
    return { code: await node.stop() }
  }),
]
