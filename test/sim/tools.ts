import { bytesOf, digestOf, parentOf } from './files.ts'
import type { HostGround } from './ground.ts'
import type { SimHost } from './host.ts'
import { nodeProgram } from './node-program.ts'
import { sha256 } from './sha256.ts'
import { type Io, Shell } from './shell/run.ts'
import { after, lastly, type Soon, type Waits } from './shell/soon.ts'
import { systemctl, systemdRun } from './systemctl.ts'

export interface Call {
  readonly host: SimHost
  readonly ground: HostGround
  readonly shell: Shell
  readonly io: Io
}

export type Tool = (call: Call, args: readonly string[]) => Soon<number>

/** The program of a name on a host. One that nobody has modelled ends the simulation, loudly. */
export function toolNamed(host: SimHost, name: string): Tool {
  if (name === host.spec.binary) return nodeProgram
  const tool = tools[name] ?? tools[name.slice(name.lastIndexOf('/') + 1)]
  if (tool === undefined) throw new Error(`nobody has modelled the program ${name}`)
  return tool
}

/** Options and operands; `--` ends the options. */
function split(args: readonly string[]): { options: string[]; names: string[] } {
  const options: string[] = []
  const names: string[] = []
  let over = false
  for (const arg of args) {
    if (!over && arg === '--') over = true
    else if (!over && arg.startsWith('-') && arg !== '-') options.push(arg)
    else names.push(arg)
  }
  return { options, names }
}

const complain = ({ io }: Call, text: string): number => {
  io.err.write(`${text}\n`)
  return 1
}

const absolute = ({ shell }: Call, path: string): string =>
  path.startsWith('/') ? path : `${shell.cwd ?? ''}/${path}`

/** Another program by its argv, as a child of this one. */
function child(call: Call, argv: readonly string[]): Soon<number> {
  return call.ground.run(call.shell, argv, call.io)
}

function test({ host: { files } }: Call, given: readonly string[]): number {
  const args = given.at(-1) === ']' ? given.slice(0, -1) : given
  if (args[0] === '!') return test({ host: { files } } as Call, args.slice(1)) === 0 ? 1 : 0
  const [a = '', b = '', c = ''] = args
  const yes = (holds: boolean): number => (holds ? 0 : 1)
  if (args.length <= 1) return yes(a !== '')
  if (args.length === 2) {
    const entry = files.at(b)
    switch (a) {
      case '-e':
        return yes(entry !== undefined)
      case '-f':
        return yes(entry?.kind === 'file')
      case '-d':
        return yes(entry?.kind === 'dir')
      case '-s':
        return yes(entry?.kind === 'file' && entry.content !== '')
      case '-r':
      case '-w':
      case '-x':
        return yes(entry !== undefined)
      case '-L':
      case '-h':
        return yes(files.entry(b)?.kind === 'link')
      case '-n':
        return yes(b !== '')
      case '-z':
        return yes(b === '')
    }
  }
  const [one, two] = [Number(a), Number(c)]
  switch (b) {
    case '=':
      return yes(a === c)
    case '!=':
      return yes(a !== c)
    case '-eq':
      return yes(one === two)
    case '-ne':
      return yes(one !== two)
    case '-gt':
      return yes(one > two)
    case '-ge':
      return yes(one >= two)
    case '-lt':
      return yes(one < two)
    case '-le':
      return yes(one <= two)
  }
  throw new Error(`nobody has modelled test ${args.join(' ')}`)
}

function move(call: Call, args: readonly string[]): number {
  const { files } = call.host
  const { names } = split(args)
  const [from = '', target = ''] = names
  const to =
    files.isDir(target) && !args.some((arg) => arg.includes('T'))
      ? `${target.replace(/\/$/, '')}/${from.split('/').at(-1)}`
      : target
  return files.rename(from, to)
    ? 0
    : complain(call, `mv: cannot move '${from}' to '${to}': No such file or directory`)
}

function copy(call: Call, args: readonly string[]): number {
  const { files } = call.host
  const { options, names } = split(args)
  const [from = '', target = ''] = names
  const to = files.isDir(target) ? `${target}/${from.split('/').at(-1)}` : target
  const found = files.at(from)
  if (found?.kind !== 'file') return complain(call, `cp: cannot stat '${from}': No such file or directory`)
  if (!files.write(to, found.content))
    return complain(call, `cp: cannot create regular file '${to}': No such file or directory`)
  if (options.some((option) => option.includes('p'))) {
    const made = files.at(to)
    if (made !== undefined) {
      made.mode = found.mode
      made.owner = found.owner
    }
  }
  return 0
}

function change(
  call: Call,
  args: readonly string[],
  apply: (path: string, value: string) => void,
  of: (path: string) => string,
): number {
  const { options, names } = split(args)
  const like = options.find((option) => option.startsWith('--reference='))?.slice('--reference='.length)
  const value = like === undefined ? (names.shift() ?? '') : of(like)
  for (const given of names) {
    const name = absolute(call, given)
    if (!call.host.files.exists(name))
      return complain(call, `cannot access '${name}': No such file or directory`)
    const all = options.includes('-R') ? call.host.files.below(name) : [name]
    for (const path of all) apply(path, value)
  }
  return 0
}

function remove(call: Call, args: readonly string[]): number {
  const { options, names } = split(args)
  const flags = options.join('')
  for (const given of names) {
    const name = absolute(call, given)
    const found = call.host.files.entry(name)
    if (found === undefined) {
      if (!flags.includes('f'))
        return complain(call, `rm: cannot remove '${name}': No such file or directory`)
    } else if (found.kind === 'dir' && !flags.includes('r'))
      return complain(call, `rm: cannot remove '${name}': Is a directory`)
    else call.host.files.remove(name)
  }
  return 0
}

function flock(call: Call, args: readonly string[]): Soon<number> {
  const { host } = call
  let code = 1
  let waitMs = Number.POSITIVE_INFINITY
  const rest = [...args]
  while (rest[0]?.startsWith('-') === true) {
    const option = rest.shift()
    if (option === '-n') waitMs = 0
    else if (option === '-w') waitMs = Number(rest.shift()) * 1_000
    else if (option === '-E') code = Number(rest.shift())
    else if (option !== '-x') throw new Error(`nobody has modelled flock ${option}`)
  }
  const [target = '', ...command] = rest
  const path = /^\d$/.test(target) ? call.io.files.get(Number(target))?.path : target
  if (path === undefined || (!host.files.exists(path) && !host.files.write(path, '')))
    return complain(call, `flock: cannot open lock file ${target}`) && 66
  // The lock of the lease: taken alone once nobody holds it shared any more; who holds it longer is ended.
  if (path.endsWith('/lease/lock'))
    return after(
      asked(() => host.guarded.size === 0, waitMs),
      () => {
        for (const one of host.guarded) one.end()
        return 0
      },
    )
  const holder = command.length === 0 ? call.shell : {}
  return after(
    asked(() => host.lock(path, holder), waitMs),
    (got) => {
      if (!got) return code
      if (command.length === 0) return 0
      return lastly(
        () => child(call, command),
        () => host.unlock(holder),
      )
    },
  )
}

/** Asks every 20 ms until it holds; false when it did not in time. */
function asked(holds: () => boolean, waitMs: number): Soon<boolean> {
  return holds() ? true : waitMs <= 0 ? false : askedAgain(holds, waitMs)
}

function* askedAgain(holds: () => boolean, waitMs: number): Waits<boolean> {
  for (let waitedMs = 20; ; waitedMs += 20) {
    yield 20
    if (holds()) return true
    if (waitedMs >= waitMs) return false
  }
}

function date(call: Call, args: readonly string[]): number {
  const { host } = call
  const [format = ''] = args.filter((arg) => arg.startsWith('+'))
  const ns = `${Math.floor(host.now)}000000`
  const known: Record<string, string> = {
    '+%s': String(Math.floor(host.now / 1000)),
    '+%s%3N': String(Math.floor(host.now)),
    '+%s%N': ns,
    '+%Y-%m-%dT%H:%M:%SZ': `${new Date(host.now).toISOString().slice(0, 19)}Z`,
  }
  const text = known[format]
  if (text === undefined) throw new Error(`nobody has modelled date ${args.join(' ')}`)
  call.io.out.write(`${text}\n`)
  return 0
}

/** The store's files as a stream, in a form of our own: the real tar is not what is simulated. */
function tar(call: Call, args: readonly string[]): number {
  const { host, io } = call
  const home = call.shell.cwd ?? '/'
  if (args.some((arg) => arg.startsWith('-x'))) {
    if (io.stdin.text === '') return complain(call, 'tar: This does not look like a tar archive') && 2
    const lies = host.diskLies
    host.diskLies = false
    const packed = JSON.parse(io.stdin.text) as Record<string, string>
    for (const [path, content] of Object.entries(packed)) {
      host.files.makeDirs(parentOf(`${home}/${path}`))
      if (!lies || !host.files.exists(`${home}/${path}`)) host.files.write(`${home}/${path}`, content)
    }
    io.stdin.text = ''
    return 0
  }
  const names = io.stdin.text.split('\0').filter(Boolean)
  io.stdin.text = ''
  const packed: Record<string, string> = {}
  for (const name of names) {
    const content = host.files.read(`${home}/${name}`)
    if (content === null) continue
    packed[name] = content
  }
  // While a process writes, what is read of it is of no one moment: a store that can not be opened, or an old one.
  const running = host.sim.nodes().some((node) => node.host === host && node.home === home && node.up)
  if (running && host.sim.random.chance(0.3)) for (const name of names) packed[name] = `torn ${packed[name]}`
  io.out.write(JSON.stringify(packed))
  return 0
}

function grep(call: Call, args: readonly string[]): number {
  const { options, names } = split(args)
  const [pattern = '', ...files] = names
  const special = options.some((option) => option.includes('F')) ? /[.*+?^${}()|[\]\\]/g : /[|+?(){}]/g
  const regex = new RegExp(pattern.replace(special, '\\$&'), 'm')
  const texts = files.length === 0 ? [call.io.stdin.text] : files.map((file) => call.host.files.read(file))
  if (texts.some((text) => text === null)) return 2
  const lines = texts
    .flatMap((text) => (text ?? '').split('\n'))
    .filter((line) => line !== '' && regex.test(line))
  if (!options.some((option) => option.includes('q')))
    for (const line of lines) call.io.out.write(`${line}\n`)
  return lines.length > 0 ? 0 : 1
}

function sed(call: Call, args: readonly string[]): number {
  const [, expression = '', file = ''] = args
  const lead = /^s\/\^([A-Za-z]+=)\/\/p$/.exec(expression)?.[1]
  if (lead !== undefined && file === '') {
    for (const line of call.io.stdin.text.split('\n'))
      if (line.startsWith(lead)) call.io.out.write(`${line.slice(lead.length)}\n`)
    return 0
  }
  if (!expression.includes('"pub_key"')) throw new Error(`nobody has modelled sed ${args.join(' ')}`)
  const text = call.host.files.read(file)
  if (text === null) return complain(call, `sed: can't read ${file}: No such file or directory`) && 2
  const lines = text.split('\n')
  for (const [k, line] of lines.entries()) {
    const found = /.*"pub_key"\s*:\s*"([^"]*)".*/.exec(line)
    // A last line without its newline is printed without one.
    if (found !== null) call.io.out.write(`${found[1]}${k === lines.length - 1 ? '' : '\n'}`)
  }
  return 0
}

function journalctl(call: Call, args: readonly string[]): number {
  const { host, io } = call
  const at = args.indexOf('-n')
  const max = at === -1 ? 10_000 : Number(args[at + 1])
  const invocation = args
    .find((arg) => arg.startsWith('_SYSTEMD_INVOCATION_ID='))
    ?.slice('_SYSTEMD_INVOCATION_ID='.length)
  const lines = invocation === undefined ? host.allLogs() : host.logOf(invocation)
  const last = lines.slice(-max)
  if (last.length > 0) io.out.write(`${last.join('\n')}\n`)
  return 0
}

function ping(call: Call, args: readonly string[]): number {
  const { host } = call
  const to = [...host.sim.hosts].find((one) => one.spec.address === args.at(-1))
  if (to === undefined || !host.reaches(to)) return 1
  call.io.out.write('3 packets transmitted, 3 received\nrtt min/avg/max/mdev = 0.3/0.5/0.9/0.1 ms\n')
  return 0
}

const tools: Readonly<Record<string, Tool>> = {
  '[': test,
  test,
  true: () => 0,
  sync: (call, args) => {
    const missing = split(args).names.find((name) => !call.host.files.exists(name))
    return missing === undefined
      ? 0
      : complain(call, `sync: error opening '${missing}': No such file or directory`)
  },
  cat: (call, args) => {
    const { names } = split(args)
    if (names.length === 0) {
      call.io.out.write(call.io.stdin.text)
      call.io.stdin.text = ''
    }
    for (const name of names) {
      const text = call.host.files.read(name)
      if (text === null) return complain(call, `cat: ${name}: No such file or directory`)
      call.io.out.write(text)
    }
    return 0
  },
  cd: (call, args) => {
    if (!call.host.files.isDir(args[0] ?? '')) return complain(call, `cd: can't cd to ${args[0]}`) && 2
    call.shell.cwd = args[0] ?? '/'
    return 0
  },
  mkdir: (call, args) => {
    const { options, names } = split(args)
    for (const name of names) {
      const made = options.some((option) => option.includes('p'))
        ? call.host.files.makeDirs(name)
        : call.host.files.makeDir(name)
      if (!made) return complain(call, `mkdir: cannot create directory '${name}'`)
    }
    return 0
  },
  rm: remove,
  rmdir: (call, args) => {
    for (const name of split(args).names)
      if (!call.host.files.removeEmptyDir(name)) return complain(call, `rmdir: failed to remove '${name}'`)
    return 0
  },
  mv: move,
  cp: copy,
  ln: (call, args) => {
    const { options, names } = split(args)
    const [from = '', to = ''] = names
    const made = options.includes('-s') ? call.host.files.symlink(from, to) : call.host.files.link(from, to)
    return made ? 0 : complain(call, `ln: failed to create link '${to}'`)
  },
  chmod: (call, args) =>
    change(
      call,
      args,
      (path, value) => {
        const entry = call.host.files.at(path)
        if (entry !== undefined) entry.mode = Number.parseInt(value, 8)
      },
      (path) => (call.host.files.at(path)?.mode ?? 0).toString(8),
    ),
  chown: (call, args) =>
    change(
      call,
      args,
      (path, value) => {
        const entry = call.host.files.at(path)
        if (entry !== undefined) entry.owner = value
      },
      (path) => call.host.files.at(path)?.owner ?? '',
    ),
  sha256sum: (call, args) => {
    const { names } = split(args)
    if (names.length === 0) {
      const { text, path = '' } = call.io.stdin
      const file = call.host.files.at(path)
      call.io.out.write(`${file?.content === text ? digestOf(file) : sha256(text)}  -\n`)
      call.io.stdin.text = ''
    }
    for (const name of names) {
      const text = call.host.files.read(name)
      if (text === null) return complain(call, `sha256sum: ${name}: No such file or directory`)
      call.io.out.write(`${sha256(text)}  ${name}\n`)
    }
    return 0
  },
  base64: (call) => {
    call.io.out.write(Buffer.from(call.io.stdin.text).toString('base64'))
    call.io.stdin.text = ''
    return 0
  },
  tail: (call, args) => {
    const text = call.host.files.read(args[2] ?? '')
    if (args[0] === '-c' && args[1]?.startsWith('+') === true && text !== null) {
      call.io.out.write(
        Buffer.from(text)
          .subarray(Number(args[1].slice(1)) - 1)
          .toString(),
      )
      return 0
    }
    if (args[0] !== '-n' || text === null) return complain(call, `tail: cannot open '${args[2]}'`)
    call.io.out.write(
      text
        .split('\n')
        .slice(-Number(args[1]) - 1)
        .join('\n'),
    )
    return 0
  },
  head: (call, args) => {
    const [option, bytes = '0', file] = args
    if (option !== '-c') throw new Error(`nobody has modelled head ${args.join(' ')}`)
    const text = Buffer.from(file === undefined ? call.io.stdin.text : (call.host.files.read(file) ?? ''))
    call.io.out.write(text.subarray(0, Number(bytes)).toString())
    if (file === undefined) call.io.stdin.text = text.subarray(Number(bytes)).toString()
    return 0
  },
  stat: (call, args) => {
    const file = args[1] === '%s' ? call.host.files.at(args[2] ?? '') : undefined
    if (file?.kind !== 'file')
      return complain(call, `stat: cannot statx '${args[2]}': No such file or directory`)
    call.io.out.write(`${bytesOf(file)}\n`)
    return 0
  },
  date,
  flock,
  tar,
  grep,
  sed,
  find: (call, args) => {
    const file = args.indexOf('-type')
    if (args[file + 1] !== 'f' || args.at(-1) !== '+' || !args.includes('sync'))
      throw new Error(`nobody has modelled find ${args.join(' ')}`)
    return call.host.files.exists(args[0] ?? '') ? 0 : 1
  },
  xargs: (call, args) => {
    const at = args.findIndex((arg) => !arg.startsWith('-'))
    const words = call.io.stdin.text.split('\0').filter(Boolean)
    call.io.stdin.text = ''
    return words.length === 0 ? 0 : child(call, [...args.slice(at), ...words])
  },
  id: () => 0,
  useradd: () => 0,
  runuser: (call, args) => child(call, args.slice(args.indexOf('--') + 1)),
  timeout: (call, args) => child(call, args.slice(1)),
  *sleep(_call, args) {
    yield Number(args[0]) * 1_000
    return 0
  },
  sh: (call, [flag, script = '', , ...args]) => {
    const model = flag === '-c' ? call.host.sim.modelled.get(script) : undefined
    if (model === undefined)
      return new Shell(call.ground, args).script(call.host.sim.patch(script), {
        ...call.io,
        files: new Map(),
      })
    const said = model(call.host, args, call.io.stdin.text, () => undefined)
    return after(said, ({ code, out, err = '' }) => {
      call.io.out.write(out)
      call.io.err.write(err)
      return code
    })
  },
  'systemd-id128': (call) => {
    call.io.out.write(`${call.host.bootId}\n`)
    return 0
  },
  systemctl,
  'systemd-run': systemdRun,
  journalctl,
  ping,
}
