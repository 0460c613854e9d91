// What becomes of a node that exits depends on its unit: the sequencer's own, or the one evha writes for a member.
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { mergeConfig } from '../../../src/evnode/config.ts'
import { readLog } from '../../../src/evnode/logs.ts'
import { peerIdOf } from '../../../src/evnode/peer-id.ts'
import { raftChanges } from '../../../src/evnode/raft-changes.ts'
import { parseUnit } from '../../../src/evnode/unit.ts'
import { raftUnit } from '../../../src/evnode/unit-raft.ts'
import { Service } from '../../../src/lab/service.ts'
import { isUp, readUnit } from '../../../src/steps/host/systemd.ts'
import { bootstrapAll, chainFor } from './chain.ts'
import { said } from './said.ts'
import { memberFlags, type Place, reaches, type Scratch, standinMain, until, withScratch } from './stand.ts'

/** The node as a program of its own, as units name it. */
function program(scratch: Scratch): string {
  const path = join(scratch.dir, 'bin', 'testapp')
  mkdirSync(join(scratch.dir, 'bin'), { recursive: true })
  writeFileSync(path, `#!/bin/sh\nexec ${process.execPath} ${standinMain} "$@"\n`)
  chmodSync(path, 0o755)
  return path
}

/** A sequencer's unit, as operators have it. */
const sequencerUnit = (scratch: Scratch, { home }: Place) => `[Unit]
Description=ev-node sequencer
[Service]
ExecStart=${program(scratch)} start --home ${home} --evnode.node.aggregator=true \\
  --evnode.signer.passphrase_file ${scratch.passphraseFile} --evnode.log.format json
Restart=on-failure
RestartSec=100ms
`

/** The unit evha makes of it for a member. Starts again as often as it has to, only sooner than the real one. */
const memberUnit = (scratch: Scratch, place: Place) =>
  raftUnit(parseUnit(sequencerUnit(scratch, place)), { home: place.home }).text.replace(
    'RestartSec=1s',
    'RestartSec=200ms',
  )

/** evnode.yaml of a member, as evha merges it. */
function configure(place: Place, places: readonly Place[], blockTime: string): void {
  const path = join(place.home, 'config', 'evnode.yaml')
  const members = places.map((one) => ({
    nodeId: one.name,
    address: one.address,
    raftPort: one.raftPort,
    p2pPort: one.p2pPort,
    peerId: peerIdOf(readFileSync(join(one.home, 'config', 'node_key.json'), 'utf8')),
  }))
  const changes = raftChanges({
    node: place.name,
    members,
    timing: { heartbeatMs: 350, electionMs: 1_000, leaseMs: 350, sendMs: 200 },
    raftDir: join(place.home, 'raft'),
    signerPath: join(place.home, 'config'),
    rpcAddress: `${place.address}:${place.rpcPort}`,
  })
  const merged = mergeConfig(readFileSync(path, 'utf8'), { ...changes, 'node.block_time': blockTime })
  writeFileSync(path, merged.text)
}

class Supervised {
  readonly service: Service
  output = ''

  constructor(scratch: Scratch, place: Place, unitText: string) {
    const loaded = { unit: parseUnit(unitText), fragmentPath: '', dropInPaths: [], stamp: '' }
    this.service = new Service('ev-node.service', loaded, {
      env: {
        PATH: '/usr/bin:/bin',
        HOME: scratch.dir,
        EVHA_STANDIN_SIGNED: scratch.witnessOf(place.home),
        EVHA_STANDIN_SPEED: '10',
      },
      cwd: scratch.dir,
      log: ({ message }) => {
        this.output += `${message}\n`
      },
    })
  }

  get events() {
    return readLog(this.output)
  }
}

async function supervised(services: readonly Supervised[], work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } finally {
    await Promise.all(services.map(({ service }) => service.powerOff()))
  }
}

test("an address that is away for some seconds: the sequencer's unit is failed for good, a member's comes back", () =>
  withScratch(async (scratch) => {
    const { places } = await chainFor(scratch, 3)
    const [place] = places
    if (place === undefined) throw new Error('no place')
    // An address no interface of this machine has (TEST-NET-1) ends a start in the recorded words.
    const away = scratch.start(place.home, [
      ...memberFlags(place, places),
      '--evnode.raft.raft_addr=192.0.2.1:5001',
    ])
    expect(await away.ended()).toBe(1)
    expect(away.last).toMatch(/listen tcp 192\.0\.2\.1:5001: bind: cannot assign requested address$/)

    // Here it comes back: somebody else listens there for as long as it is away.
    configure(place, places, '100ms')
    const inTheWay = createServer().listen(place.raftPort, place.address)
    const old = new Supervised(scratch, place, sequencerUnit(scratch, place))
    const member = new Supervised(scratch, place, memberUnit(scratch, place))
    await supervised([old, member], async () => {
      await old.service.start()
      await until('the start limit', () => old.service.result === 'start-limit-hit' || undefined)
      expect(old.service.active).toBe('failed')
      await member.service.start()
      await until('more starts than the limit allows', () => member.service.restarts > 5 || undefined)
      await new Promise((closed) => inTheWay.close(closed))
      await until('a member again', () => member.output.includes('bootstrapped raft cluster') || undefined)
      expect(member.service.active).toBe('active')
      expect(old.service.active).toBe('failed')
    })
  }))

test('the first leader dies before the first block: under the unit evha writes the cluster comes up all the same', () =>
  withScratch(async (scratch) => {
    const { places, last } = await chainFor(scratch, 3)
    await bootstrapAll(scratch, places)
    for (const place of places) configure(place, places, '1s')
    const nodes = places.map((place) => new Supervised(scratch, place, memberUnit(scratch, place)))
    await supervised(nodes, async () => {
      await Promise.all(nodes.map(({ service }) => service.start()))
      const led = await until('a first leader', () =>
        nodes.find(({ events }) => events.some(({ kind }) => kind === 'leading')),
      )
      const others = nodes.filter((node) => node !== led)
      await until('followers', () =>
        others.every(({ events }) => events.some(({ kind }) => kind === 'following')) ? true : undefined,
      )
      led.service.kill('SIGKILL')
      await Promise.all(places.map((place) => reaches(place, last + 2)))
      const words = said('re-elected before the first raft block')
      expect(nodes.some(({ output }) => output.includes(words))).toBe(true)
      expect(scratch.signedTwice(...places.map(({ home }) => home))).toEqual([])

      // A leader that is told to stop exits 1; who goes by the state of the unit is not led astray.
      const leader = await until('a leader', () =>
        nodes.find(
          ({ service, events }) => service.active === 'active' && events.findLast(isRole)?.kind === 'leading',
        ),
      )
      await leader.service.stop()
      expect([leader.service.active, leader.service.execStatus]).toEqual(['failed', 1])
      expect(leader.output.trimEnd().split('\n')).toContain(said('leader told to stop (SIGTERM)'))
      expect(isUp(readUnit(`ActiveState=${leader.service.active}\nResult=exit-code\n`))).toBe(false)
    })
  }))

const isRole = ({ kind }: { readonly kind: string }) => kind === 'leading' || kind === 'following'
