import { execFileSync, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { changes, script } from '../../src/base/command.ts'
import type { Finished } from '../../src/remote/remote.ts'
import { openSsh } from '../../src/remote/ssh.ts'
import { realHands } from '../../src/run/hands.ts'
import { onPaper, Paper, paperContext } from '../../src/run/paper.ts'
import { type LoadedRunbook, runbookFromText } from '../../src/runbook/load.ts'
import { knockAnswer } from '../../src/steps/host/run-key.ts'
import { closeWays, directWays } from '../../src/steps/prepare/direct-ways.ts'
import { copyPass } from '../../src/steps/prepare/store-pass.ts'
import type { Host, StepContext } from '../../src/steps/step.ts'
import { makeKey, noSshd, type Sshd, startSshd } from './openssh.ts'

interface Ground {
  readonly dir: string
  readonly context: StepContext
  readonly told: string[]
  readonly sshds: readonly Sshd[]
  /** Of a node's login. */
  keys(node: string): string
  data(node: string): string
}

let ground: Ground

/** Hosts that are directories of this machine, each with a real sshd and a login of its own. */
describe.skipIf(noSshd !== undefined)(
  `seeding from host to host${noSshd === undefined ? '' : ` (${noSshd})`}`,
  () => {
    beforeAll(async () => {
      ground = await layGround()
    })
    beforeEach(() => {
      ground.told.length = 0
      for (const node of ['node-2', 'node-3']) {
        rmSync(ground.data(node), { recursive: true })
        mkdirSync(join(ground.data(node), 'testapp'), { recursive: true })
      }
    })
    afterAll(async () => {
      await Promise.all(ground.context.nodes.map(({ remote }) => remote.close()))
      await Promise.all(ground.sshds.map((one) => one.stop()))
      rmSync(ground.dir, { recursive: true, force: true })
    })

    test('goes straight to all peers, holes left out, and leaves neither key nor line', async () => {
      const before = ['node-2', 'node-3'].map((node) => ground.keys(node))
      expect(await seed()).toBeGreaterThan(2 * 1024 * 1024)
      expect(ground.told).toEqual(['node-1 sends straight to node-2, node-3'])
      expectEqualStores('node-2', 'node-3')
      expect(['node-2', 'node-3'].map((node) => ground.keys(node))).toEqual(before)
      expect(leftInRun()).toEqual([])
    })

    test('peers the source can not get in at are relayed, and it is said why', async () => {
      const [source, peer] = ground.context.nodes
      const { hostKey } = (await source?.remote.sshd()) ?? { hostKey: '' }
      // One shows another host key than evha knows; the sshd of the other takes the operator's key from elsewhere.
      const nodes = ground.context.nodes.map((host) => {
        const sshd = async () => ({ ...(await host.remote.sshd()), hostKey })
        return host === peer ? { ...host, remote: { ...host.remote, sshd } } : host
      })
      const file = join(ground.dir, 'node-3', '.ssh', 'authorized_keys')
      renameSync(file, `${file}.aside`)
      await seed(nodes)
      renameSync(`${file}.aside`, file)
      expect(ground.told).toEqual([
        expect.stringMatching(/^node-3: not reached from node-1 directly \(there is no .*authorized_keys\)/),
        expect.stringMatching(/^node-2: not reached from node-1 directly \(Host key verification failed/),
      ])
      expectEqualStores('node-2', 'node-3')
    })

    test('a way that breaks in the middle is made up for by the workstation', async () => {
      const [, peer] = ground.context.nodes
      let broken = false
      const nodes = ground.context.nodes.map((host): Host => {
        if (host !== peer) return host
        const stream: Host['remote']['stream'] = (command, signal) => {
          // What unpacks there dies after the first bytes.
          const breaks = command.says.includes('as they come') && !broken
          if (breaks) broken = true
          return host.remote.stream(
            breaks
              ? {
                  ...command,
                  argv: command.argv.map((word) =>
                    word.startsWith('set -eu\nif [') || word.includes('tar --format=gnu --sparse --overwrite')
                      ? 'head -c 1000 > /dev/null; exit 9'
                      : word,
                  ) as [string],
                }
              : command,
            signal,
          )
        }
        return { ...host, remote: { ...host.remote, stream } }
      })
      await seed(nodes)
      expect(broken).toBe(true)
      expect(ground.told).toContainEqual(
        expect.stringMatching(/^node-2: the copy from host to host broke off/),
      )
      expectEqualStores('node-2', 'node-3')
    })

    test('is as slow as the runbook wants it, over all peers together', async () => {
      const runbook = {
        ...ground.context.runbook,
        copy: { ...ground.context.runbook.copy, bandwidthKiBps: 2_000 },
      }
      const passing: string[] = []
      const startedMs = Date.now()
      await seed(undefined, { runbook, passing: (text) => passing.push(text) })
      // 1 MiB of content leaves the source twice.
      expect(Date.now() - startedMs).toBeGreaterThan(750)
      expectEqualStores('node-2', 'node-3')
    })

    test('a dry run prints all of it and lays nothing', async () => {
      const paper = new Paper()
      const nodes = onPaper(ground.context.nodes, paper)
      const source = nodes[0] as Host
      const context = paperContext({ ...ground.context, nodes, source, peers: nodes.slice(1) }, paper)
      await copyPass(context, { source: 'hot', ways: directWays(context, 60) })
      await closeWays(context)
      const printed = paper.take().map(({ host, says }) => `${host}: ${says}`)
      expect(printed).toEqual(
        expect.arrayContaining([
          "node-1: make the run's key for copies from host to host",
          "node-2: let the run's key in, for the stream of the store alone",
          'node-1: read 2 files of the store and send them to node-2, node-3',
          'node-3: write files of the store, as they come from the source',
          "node-3: take the run's key out of authorized_keys",
          "node-1: remove the run's key",
        ]),
      )
      expect(leftInRun()).toEqual([])
      expect(ground.keys('node-2')).not.toContain('evha')
    })

    test('the key opens a stream into the store and nothing else, from the source and nowhere else', async () => {
      const { source } = ground.context
      const way = (await directWays(ground.context, 60).open(1)).get(ground.context.peers[0] as Host)
      const ssh = async (...words: string[]) => {
        const misuse = script(
          'cd "$1"; shift; exec timeout 3 ssh -F /dev/null -i key -l "$1" -p "$2" -o BatchMode=yes -o HostKeyAlias=node-2 -o UserKnownHostsFile=known_hosts "$3" -b "$4" 127.0.0.12 "$5" < /dev/null',
          join(ground.dir, 'node-1', 'run', 'seed', 'node-1'),
          way?.user ?? '',
          String(way?.port),
          ...words,
        )
        const { stdout, stderr, exitCode } = (await source.remote.run(
          changes('misuse the key', misuse, { timeoutMs: 30_000 }),
        )) as Finished
        return { stdout, stderr, exitCode }
      }
      expect(await ssh('-T', '127.0.0.11', 'knock')).toMatchObject({
        exitCode: 0,
        stdout: `${knockAnswer}\n`,
      })
      expect(await ssh('-T', '127.0.0.14', 'knock')).toMatchObject({
        exitCode: 255,
        stderr: expect.stringContaining('Permission denied'),
      })
      const evil = join(ground.dir, 'evil')
      const key = join(ground.dir, 'node-1', 'run', 'seed', 'node-1', 'key')
      expect(statSync(key).mode & 0o777).toBe(0o600)
      expect(statSync(dirname(key)).mode & 0o777).toBe(0o700)
      const secret = readFileSync(key, 'utf8').split('\n').at(3) ?? ''
      expect(secret.length).toBeGreaterThan(60)
      const holding = spawnSync('grep', ['-rlF', secret, ground.dir], { encoding: 'utf8' }).stdout
      expect(holding).toBe(`${key}\n`)
      // It waits for a pass, and none comes.
      expect(await ssh('-T', '127.0.0.11', `touch ${evil}`)).toMatchObject({ exitCode: 124, stdout: '' })
      expect(readdirSync(ground.dir)).not.toContain('evil')
      const port = String(ground.sshds[0]?.port)
      const forwarded = await ssh(`-W127.0.0.11:${port}`, '127.0.0.11', '')
      expect(forwarded.stdout).toBe('')
      expect(forwarded.exitCode).not.toBe(0)
      await closeWays(ground.context)
      expect(ground.keys('node-2')).not.toContain('evha seed')
    })
  },
)

async function seed(nodes?: readonly Host[], more: Partial<StepContext> = {}): Promise<number> {
  const all = nodes ?? ground.context.nodes
  const context: StepContext = {
    ...ground.context,
    nodes: all,
    source: all[0] as Host,
    peers: all.slice(1),
    ...more,
  }
  const ways = directWays(context, 60)
  const { bytes } = await copyPass(context, { source: 'hot', ways })
  await closeWays(context)
  return bytes
}

function expectEqualStores(...nodes: string[]): void {
  for (const node of nodes)
    execFileSync('diff', ['-r', '--exclude=LOCK', ground.data('node-1'), ground.data(node)], {
      stdio: 'pipe',
    })
}

/** What stands below the hosts' run directories, but for the directories themselves. */
const leftInRun = () =>
  ['node-1', 'node-2', 'node-3'].flatMap((node) =>
    readdirSync(join(ground.dir, node, 'run')).map((one) => `${node} ${one}`),
  )

async function layGround(): Promise<Ground> {
  const dir = mkdtempSync(join(tmpdir(), 'evha-seeding-'))
  const operator = makeKey(join(dir, 'operator_key'))
  const runbook = layRunbook(dir)
  const sshds: Sshd[] = []
  const nodes: Host[] = []
  for (const spec of runbook.nodes) {
    const own = join(dir, spec.name)
    for (const one of ['.ssh', 'run', 'home/data/testapp']) mkdirSync(join(own, one), { recursive: true })
    const authorizedKeysFile = join(own, '.ssh', 'authorized_keys')
    writeFileSync(authorizedKeysFile, readFileSync(`${operator}.pub`), { mode: 0o600 })
    // The operator gets in whatever becomes of that file.
    const sshd = await startSshd({
      dir: own,
      address: spec.address,
      authorizedKeysFile: `${authorizedKeysFile} ${operator}.pub`,
      extra: [`SetEnv HOME=${own}`, 'MaxStartups 100'],
    })
    sshds.push(sshd)
    writeFileSync(join(own, 'known_hosts'), sshd.knownHostsLine)
    const remote = openSsh({
      name: spec.name,
      host: spec.address,
      port: sshd.port,
      user: userInfo().username,
      identityFiles: [operator],
      knownHostsFiles: [join(own, 'known_hosts')],
      sudo: false,
    })
    nodes.push({ spec, remote })
  }
  const told: string[] = []
  const data = (node: string) => join(dir, node, 'home', 'data')
  writeFileSync(join(data('node-1'), 'testapp', '000001.sst'), randomBytes(1024 * 1024))
  writeFileSync(join(data('node-1'), 'testapp', '000001.vlog'), randomBytes(4096))
  truncateSync(join(data('node-1'), 'testapp', '000001.vlog'), 64 * 1024 * 1024)
  const [source] = nodes
  if (source === undefined) throw new Error('no source')
  const signal = new AbortController().signal
  const context = {
    run: 'demo-20260101T000000-abcd',
    runbook,
    nodes,
    source,
    peers: nodes.slice(1),
    facts: { check: { dataBytes: 1, user: '' } },
    onPaper: false,
    signal,
    hands: realHands(signal),
    tell: (text: string) => void told.push(text),
    passing: () => undefined,
    now: () => Date.now(),
  } as unknown as StepContext
  return {
    dir,
    context,
    told,
    sshds,
    data,
    keys: (node) => readFileSync(join(dir, node, '.ssh', 'authorized_keys'), 'utf8'),
  }
}

function layRunbook(dir: string): LoadedRunbook {
  const node = (k: number) =>
    `  - { name: node-${k}, ssh: root@127.0.0.1${k}, address: 127.0.0.1${k}, home: ${dir}/node-${k}/home, paths: { units: ${dir}/node-${k}/units, evha: ${dir}/node-${k}/evha, run: ${dir}/node-${k}/run } }`
  return runbookFromText(
    `version: 1
chain: demo
node:
  binary: /bin/node
  db: testapp
nodes:
${[1, 2, 3].map(node).join('\n')}
source: node-1
copy: { via: direct }
`,
    'test',
  )
}
