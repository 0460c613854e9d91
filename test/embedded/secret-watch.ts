import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join, relative } from 'node:path'
import { hostFiles, type LabInfo, labFiles } from '../../src/lab/layout.ts'

/** Bytes that may stand in a few files of the hosts and nowhere else. */
interface Canary {
  readonly name: string
  readonly bytes: string
}

/** Processes are looked at so often; a command's arguments stand there as long as it runs. */
const sampleEveryMs = 300

/** Of this test's process; labs that stand side by side look at the same processes, which are read once for all of them. */
const watching = new Set<SecretWatch>()
let sampling: NodeJS.Timeout | undefined

/** Files larger than this are the database's preallocated ones. */
const fileBytesMax = 8_000_000

/**
 * Searches what a lab leaves for secrets: files of hosts and state directory, what evha printed, and the arguments and
 * environments of processes, sampled while it lasts. Each lab has a passphrase and keys of its own, so a hit is a leak.
 */
export class SecretWatch {
  readonly #lab: LabInfo
  readonly #canaries: readonly Canary[]
  readonly #hits = new Set<string>()
  /** What each process was called when it was last searched: it is searched once, and again when it became another. */
  readonly #searched = new Map<string, string>()
  #filesSeen = 0

  constructor(lab: LabInfo) {
    this.#lab = lab
    this.#canaries = canariesOf(lab)
    watching.add(this)
    sampling ??= setInterval(sample, sampleEveryMs).unref()
  }

  /** What evha printed, or a report that a test was given. */
  heard(what: string, text: string): void {
    this.#search(what, text)
  }

  /** @param processes each process by what it is called, as it was just read. */
  lookAtProcesses(processes: ReadonlyMap<string, string> = processesNow()): void {
    for (const [pid, called] of processes) {
      if (this.#searched.get(pid) === called) continue
      this.#searched.set(pid, called)
      const short = called.replaceAll('\0', ' ').slice(0, 60)
      this.#search(`the cmdline of a process: ${short}`, called)
      this.#search(`the environ of a process: ${short}`, readIfThere(join('/proc', pid, 'environ')))
    }
  }

  /** Ends the watch, searches the files, and returns where a secret was found. Throws when it has seen nothing at all. */
  end(): string[] {
    watching.delete(this)
    if (watching.size === 0) {
      clearInterval(sampling)
      sampling = undefined
    }
    this.lookAtProcesses()
    const { stateDir } = this.#lab
    for (const path of filesBelow(stateDir)) {
      if (mayHold(stateDir, path)) continue
      this.#filesSeen += 1
      this.#search(relative(stateDir, path), readIfThere(path))
    }
    // A test may have taken the lab down itself: then there is no file left to look into.
    const isDown = !existsSync(labFiles(stateDir).dir)
    if ((this.#filesSeen === 0 && !isDown) || this.#searched.size === 0)
      throw new Error('the search for secrets saw nothing')
    return [...this.#hits].sort()
  }

  #search(where: string, text: string): void {
    for (const { name, bytes } of this.#canaries)
      if (text.includes(bytes)) this.#hits.add(`${name} in ${where}`)
  }
}

function sample(): void {
  const processes = processesNow()
  for (const watch of watching) watch.lookAtProcesses(processes)
}

function processesNow(): Map<string, string> {
  const found = new Map<string, string>()
  for (const pid of readdirSync('/proc')) {
    if (!/^\d+$/.test(pid)) continue
    const called = readIfThere(join('/proc', pid, 'cmdline'))
    if (called !== '') found.set(pid, called)
  }
  return found
}

function canariesOf(lab: LabInfo): Canary[] {
  const found: Canary[] = []
  for (const { name, dir, ssh } of lab.hosts) {
    const at = hostFiles(dir)
    const config = join(at.home, 'config')
    found.push({ name: 'the passphrase', bytes: readIfThere(at.passphrase) })
    for (const file of ['signer.json', 'node_key.json'])
      found.push({ name: `the private key of ${name} in ${file}`, bytes: privateKeyIn(join(config, file)) })
    // A line from the middle of the PEM file: its head and foot say nothing.
    const key = readIfThere(ssh.identityFile).split('\n')
    found.push({ name: "the operator's SSH key", bytes: key[Math.floor(key.length / 2)] ?? '' })
  }
  const some = found.filter(({ bytes }) => bytes.length >= 16)
  for (const wanted of ['passphrase', 'signer.json', 'SSH key'])
    if (!some.some(({ name }) => name.includes(wanted)))
      throw new Error(`the lab has no secret like ${wanted}`)
  return some
}

function privateKeyIn(path: string): string {
  if (!existsSync(path)) return ''
  const file = JSON.parse(readFileSync(path, 'utf8')) as { priv_key?: string; priv_key_encrypted?: string }
  return file.priv_key ?? file.priv_key_encrypted ?? ''
}

/** The places that hold a secret because it is theirs, and the database's preallocated files. */
function mayHold(stateDir: string, path: string): boolean {
  const lab = labFiles(stateDir)
  if (path === lab.plan || path.startsWith(`${lab.ssh}/`)) return true
  return /\/(config\/(signer\.json(\.set-aside-by-evha)?|node_key\.json)|etc\/ev-node\/passphrase)$/.test(
    path,
  )
}

function filesBelow(dir: string): string[] {
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => (statSync(path, { throwIfNoEntry: false })?.size ?? 0) <= fileBytesMax)
}

/** Empty for what has gone away meanwhile, or is not ours to read. */
function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return ''
  }
}
