import { createHash } from 'node:crypto'
import type { Command } from '../../src/base/command.ts'
import type { NodeSpec } from '../../src/runbook/load.ts'
import { fromInlet, sendOn } from '../../src/steps/host/direct-stream.ts'
import { knock, knockAnswer, letIn, makeKey, noWay, shutOut } from '../../src/steps/host/run-key.ts'
import { packStore } from '../../src/steps/host/store.ts'
import { storeTree } from '../../src/steps/host/tree.ts'
import { parentOf } from './files.ts'
import { HostGround } from './ground.ts'
import type { SimHost } from './host.ts'
import type { Model, Said } from './modelled.ts'
import { Text } from './shell/ground.ts'
import { Shell } from './shell/run.ts'
import { type Waits, waited } from './shell/soon.ts'

/** Where every login of a simulated host has its keys. */
export const authorizedKeys = '/root/.ssh/authorized_keys'

const textOf = (command: Pick<Command, 'argv'>): string => command.argv[2] ?? ''

/**
 * ssh between simulated hosts, and the scripts around it. What they do to files is what test/steps/host/run-key.test.ts
 * holds the real ones to, against a real shell.
 */
export function directScripts(spec: NodeSpec): readonly (readonly [string, Model])[] {
  const way = { name: '', user: '', port: 22, address: '' }
  const line = { run: '', publicKey: '', from: [], secondsMax: 1, shellText: () => '' }
  const pack = packStore(storeTree(spec), [], false, 1)
  return [
    [textOf(makeKey(spec, '')), make],
    [textOf(letIn(spec, line)), lay],
    [textOf(shutOut(spec, '')), take],
    [textOf(knock(spec, way)), knocks],
    [textOf(sendOn(spec, pack, { ways: [], bytesPerSecondMax: 0 })), send],
    [textOf(fromInlet(spec, pack)), receive],
  ]
}

const make: Model = (host, [dir = '']) => {
  // Some hosts have no client.
  if (host.sim.random.chance(0.1)) return { code: noWay.noClient, out: '', err: 'there is no ssh client\n' }
  host.files.remove(dir)
  host.files.makeDirs(dir)
  const key = createHash('sha256').update(String(host.sim.random.next())).digest('base64')
  host.files.write(`${dir}/key`, key)
  host.files.write(`${dir}/key.pub`, `ssh-ed25519 ${key}`)
  return { code: 0, out: `ssh-ed25519 ${key}\n${host.spec.address}\n` }
}

/** Lines of the login's keys that do not end in the pattern. */
const others = (host: SimHost, pattern: string): string[] => {
  const mark = ` ${pattern.replaceAll('[.]', '.')}`
  return (host.files.read(authorizedKeys) ?? '')
    .split('\n')
    .filter((line) => line !== '' && !line.endsWith(mark))
}

const rewrite = (host: SimHost, lines: readonly string[]): void => {
  host.files.write(authorizedKeys, lines.map((line) => `${line}\n`).join(''))
}

const lay: Model = (host, [dir = '', pattern = '', line = '']) => {
  host.files.remove(dir)
  host.files.makeDirs(dir)
  rewrite(host, [...others(host, pattern), line])
  return { code: 0, out: 'root 22\n' }
}

const take: Model = (host, [dir = '', pattern = '']) => {
  host.files.remove(dir)
  rewrite(host, others(host, pattern))
  return { code: 0, out: '' }
}

/** The host behind an address, when the key in the directory opens something there. */
function opened(host: SimHost, dir: string, address: string): SimHost | null {
  const key = host.files.read(`${dir}/key`)
  const to = host.sim.hosts.find((one) => one.spec.address === address)
  if (key === null || to === undefined || !host.reaches(to)) return null
  return (to.files.read(authorizedKeys) ?? '').includes(`ssh-ed25519 ${key} `) ? to : null
}

const refused: Said = { code: 255, out: '', err: 'root: Permission denied (publickey).\n' }

function* knocks(host: SimHost, [dir = '', , , , , address = '']: readonly string[]): Waits<Said> {
  yield host.sim.random.between(20, 200)
  // A firewall between two hosts.
  if (opened(host, dir, address) === null || host.sim.random.chance(0.1)) return refused
  return { code: 0, out: `${knockAnswer}\n` }
}

/** Runs the command that is handed through, with this input. */
function* inner(
  host: SimHost,
  [, , script = '', , ...args]: readonly string[],
  stdin: string,
  holds: (shell: Shell) => void,
): Waits<Said> {
  const [out, err] = [new Text(), new Text()]
  const shell = new Shell(new HostGround(host, () => undefined), args)
  holds(shell)
  const io = { stdin: { text: stdin }, out, err, files: new Map() }
  const code = yield* waited(shell.script(host.sim.patch(script), io))
  host.unlock(shell)
  return { code, out: out.text, err: err.text }
}

const senderWaitsMs = 10_000

const send: Model = function* (host, [dir = '', , , count = '0', ...words], stdin, holds) {
  const peers = Array.from({ length: Number(count) }, (_, k) => words.slice(4 * k, 4 * k + 4))
  const read = yield* inner(host, words.slice(4 * Number(count)), stdin, holds)
  const lines: string[] = []
  for (const [name = '', , , address = ''] of peers) {
    const to = opened(host, dir, address)
    const inlet = `${to?.spec.paths.run ?? ''}/seed/${name}/inlet`
    for (let waitedMs = 0; to?.inlets.get(inlet) !== null && waitedMs < senderWaitsMs; waitedMs += 100)
      if (to === null) break
      else yield 100
    yield host.sim.random.between(5, 500)
    const breaks = host.sim.random.chance(0.1)
    const arrives = to !== null && to.inlets.get(inlet) === null && host.reaches(to)
    if (arrives) to.inlets.set(inlet, breaks || read.code !== 0 ? '' : read.out)
    lines.push(`to ${name} ${arrives && !breaks ? 0 : 255} ${arrives ? '' : 'no pass waits for a stream'}\n`)
  }
  return { code: read.code, out: lines.join('') }
}

const receive: Model = function* (host, [inlet = '', ...argv], _stdin, holds) {
  if (!host.files.isDir(parentOf(inlet)))
    return { code: 1, out: '', err: `mkfifo: cannot create fifo '${inlet}': No such file or directory\n` }
  host.inlets.set(inlet, null)
  for (let waitedMs = 0; host.inlets.get(inlet) === null; waitedMs += 100) {
    if (waitedMs >= 60_000) {
      host.inlets.delete(inlet)
      return { code: 74, out: '', err: 'no stream came from the source\n' }
    }
    yield 100
  }
  const stream = host.inlets.get(inlet) ?? ''
  host.inlets.delete(inlet)
  return yield* inner(host, argv, stream, holds)
}
