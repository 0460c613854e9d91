import type { Command } from '../../src/base/command.ts'
import { attachScript, killScript, startScript } from '../../src/remote/detached-scripts.ts'
import type { NodeSpec } from '../../src/runbook/load.ts'
import { surveyGround } from '../../src/steps/prepare/ground.ts'
import { lookForStarters } from '../../src/steps/prepare/starters.ts'
import { surveyHost } from '../../src/steps/prepare/survey.ts'
import { directScripts } from './direct.ts'
import { parentOf } from './files.ts'
import { HostGround } from './ground.ts'
import type { Job, SimHost } from './host.ts'
import { spawn } from './programs.ts'
import { sha256 } from './sha256.ts'
import { Text } from './shell/ground.ts'
import { Shell } from './shell/run.ts'
import { type Waits, waited } from './shell/soon.ts'

/** What a command answers. */
export interface Said {
  readonly code: number
  readonly out: string
  readonly err?: string
}

/** `holds` names a shell whose locks go when the command is ended from outside. */
export type Model = (
  host: SimHost,
  args: readonly string[],
  stdin: string,
  holds: (shell: Shell) => void,
) => Said | Waits<Said>

const ok = (out = ''): Said => ({ code: 0, out })
const textOf = (command: Pick<Command, 'argv'>): string => command.argv[2] ?? ''

/**
 * Scripts whose tools (awk, /proc, real tar) are not simulated: what they tell is modelled as a whole. They are known by
 * their own text, taken from whoever builds them, so that a script that changes is still met, and held to it by
 * contract.test.ts.
 */
export function modelledScripts(spec: NodeSpec): ReadonlyMap<string, Model> {
  return new Map<string, Model>([
    [textOf(surveyHost(spec)), survey],
    [textOf(surveyGround(spec, '')), ground],
    [textOf(lookForStarters(spec)), starters],
    [startScript, startJob],
    [attachScript, tellJob],
    [killScript, killJob],
    ...directScripts(spec),
  ])
}

const publicKeyIn = (text: string | null): string => /"pub_key"\s*:\s*"([^"]*)"/.exec(text ?? '')?.[1] ?? ''

/** $2 binary, $3 unit, $4 genesis, $5 signer, $6 node key, $7 passphrase, $8 lock directory, $9 data. */
const survey: Model = (
  { files, now },
  [
    ,
    binary = '',
    unit = '',
    genesis = '',
    signer = '',
    key = '',
    pass = '',
    lock = '',
    data = '',
    config = '',
    raft = '',
  ],
) => {
  const sum = (path: string): string => {
    const text = files.read(path)
    return text === null ? '' : sha256(text)
  }
  const lines = [
    'tar gnu',
    `binary ${sum(binary)}`,
    ...(files.exists(binary) ? ['version testapp simulated '] : []),
    ...(files.exists(unit) ? ['unit there'] : []),
    `genesis ${sum(genesis)}`,
    `signer ${sum(signer)}`,
    ...(files.exists(key) ? [`nodekey ${publicKeyIn(files.read(key))}`] : []),
    ...(pass === '' || (files.read(pass) ?? '') !== '' ? ['passphrase there'] : []),
    ...(files.isDir(lock) ? ['store there'] : []),
    ...(files.isDir(data) ? ['data 65536'] : []),
    ...(files.exists(config) ? ['config there'] : []),
    ...(files.exists(raft) ? ['raft there'] : []),
    'free 1000000000000',
    `clock ${Math.floor(now)}`,
  ]
  return ok(`${lines.join('\n')}\n`)
}

/** The function `room` of the scripts that look at a host: room on each directory. Nothing listens. */
export const room = (dirs: readonly string[]): string =>
  dirs.map((dir) => `free 1000000000000 ${dir}\n`).join('')

/** $1 user, $2 passphrase, $3 signer, then the directories. */
const ground: Model = (host, [, pass = '', signer = '', ...dirs]) => {
  const modes = [pass, signer].flatMap((file) => {
    const entry = file === '' ? undefined : host.files.at(file)
    return entry === undefined
      ? []
      : [
          `mode ${entry.mode.toString(8)} ${file}`,
          `owner ${entry.owner === '' ? 'root' : entry.owner} ${file}`,
        ]
  })
  const lines = [
    ...dirs.map((dir) => `free 1000000000000 ${dir}`),
    'user there',
    ...modes,
    `boot ${host.bootId}`,
    'ntp yes',
  ]
  return ok(`${lines.join('\n')}\n`)
}

/** The live node is a process of its unit; nothing else starts one. */
const starters: Model = () => ok()

/**
 * The function `manifest` of the scripts that list a tree: root, dir, what is left out, dug, running, marks, invocation, mark. A file of the key
 * of its mark is not read again, as in the real one.
 */
export function manifest(
  { files }: SimHost,
  [home = '', dir = '', , , , marks = '', invocation = '', mark = '']: readonly string[],
): string {
  const data = `${home}/${dir}`
  if (!files.isDir(data)) return ''
  const known = new Map<string, string>()
  const [head, ...marked] = (files.read(marks) ?? '').split('\n')
  if (marks !== '' && head === `# ${invocation}`)
    for (const line of marked) {
      const [key = '', digest = ''] = line.split('\t')
      known.set(key, digest)
    }
  const lines: string[] = []
  const kept: string[] = []
  for (const path of files.below(data)) {
    const entry = files.at(path)
    if (entry?.kind !== 'file' || path.endsWith('/LOCK')) continue
    const size = Buffer.byteLength(entry.content)
    const key = `${path}:${entry.version}:${size}`
    const read = () => (mark === 'unread' ? mark : `full:${sha256(entry.content)}`)
    const digest = known.get(key) ?? read()
    lines.push(`${size}\t${size}\t${digest}\t${path.slice(home.length + 1)}\n`)
    if (mark === 'everything' || known.has(key)) kept.push(`${key}\t${digest}\n`)
  }
  if (marks !== '' && mark !== 'nothing' && mark !== 'unread') {
    files.makeDirs(parentOf(marks))
    files.write(marks, `# ${invocation}\n${kept.join('')}`)
  }
  return lines.join('')
}

/** $1 a command line that must end well first, or nothing; $2 directory of the job, then its command. */
function* startJob(host: SimHost, [first = '', dir = '', ...argv]: readonly string[]): Waits<Said> {
  if (first !== '') {
    const err = new Text()
    const io = { stdin: { text: '' }, out: new Text(), err, files: new Map() }
    const code = yield* waited(new Shell(new HostGround(host, () => undefined), []).script(first, io))
    if (code !== 0) return { code, out: '', err: err.text }
  }
  const known = host.jobs.get(dir)
  if (known !== undefined && host.files.isDir(dir)) {
    if (known.argv.length > 0 && known.argv.join('\0') !== argv.join('\0'))
      return { code: 1, out: '', err: `another command was started in ${dir}\n` }
    return tellJob(host, [dir])
  }
  host.files.makeDirs(dir)
  const job: Job = { argv, process: null, exit: null }
  host.jobs.set(dir, job)
  job.process = spawn(host, {
    argv: host.sim.bugs.has('no lock held') && argv[0] === 'flock' ? argv.slice(3) : argv,
    invocation: dir,
    isolated: false,
    exited: (code) => {
      job.process = null
      job.exit ??= code === null ? null : String(code)
    },
  })
  return tellJob(host, [dir])
}

const tellJob = (host: SimHost, [dir = '']: readonly string[]): Said => {
  const job = host.files.isDir(dir) ? host.jobs.get(dir) : undefined
  if (job === undefined || (job.argv.length === 0 && job.exit === null)) return ok('none\n')
  if (job.exit !== null) return ok(`ended ${job.exit} whole\n`)
  return ok(job.process === null ? 'lost\n' : `running ${job.process.pid}\n`)
}

const killJob: Model = (host, [dir = '']) => {
  const found = host.files.isDir(dir) ? host.jobs.get(dir) : undefined
  const job = found ?? { argv: [], process: null, exit: null }
  host.files.makeDirs(dir)
  host.jobs.set(dir, job)
  job.exit ??= 'killed'
  job.process?.kill()
  return ok()
}
