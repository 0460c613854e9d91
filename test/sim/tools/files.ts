import { bytesOf } from '../files.ts'
import { absolute, type Call, complain, split, type Tools } from './call.ts'

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

/** What makes, moves and removes files, and changes what is known of them. */
export const fileTools: Tools = {
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
  stat: (call, args) => {
    const file = args[1] === '%s' ? call.host.files.at(args[2] ?? '') : undefined
    if (file?.kind !== 'file')
      return complain(call, `stat: cannot statx '${args[2]}': No such file or directory`)
    call.io.out.write(`${bytesOf(file)}\n`)
    return 0
  },
  sync: (call, args) => {
    const missing = split(args).names.find((name) => !call.host.files.exists(name))
    return missing === undefined
      ? 0
      : complain(call, `sync: error opening '${missing}': No such file or directory`)
  },
  find: (call, args) => {
    const file = args.indexOf('-type')
    if (args[file + 1] !== 'f' || args.at(-1) !== '+' || !args.includes('sync'))
      throw new Error(`nobody has modelled find ${args.join(' ')}`)
    return call.host.files.exists(args[0] ?? '') ? 0 : 1
  },
}
