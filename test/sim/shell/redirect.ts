import { Ends } from './ends.ts'
import { textOf } from './expand.ts'
import type { Io, OpenFile, Out } from './ground.ts'
import type { Shell } from './run.ts'
import { after, type Soon, until } from './soon.ts'
import type { Redirection } from './tree.ts'

/** Runs a command with its redirections; an exit code where one of them can not be. */
export function redirected(
  shell: Shell,
  all: readonly Redirection[],
  io: Io,
  work: (io: Io) => Soon<number>,
): Soon<number> {
  if (all.length === 0) return work(io)
  const inner = { ...io }
  let i = 0
  return until(() => {
    for (; i < all.length; i++) {
      const one = all[i] as Redirection
      const target = textOf(shell, one.to, inner)
      if (typeof target !== 'string') {
        i++
        return after(target, (known) => redirect(shell, one, known, io, inner))
      }
      const code = redirect(shell, one, target, io, inner)
      if (code !== null) return code
    }
    return work(inner)
  })
}

/** `exec 9>FILE`: descriptors of the shell itself. */
export function opened(
  shell: Shell,
  redirections: readonly Redirection[],
  files: Map<number, OpenFile>,
  io: Io,
): Soon<number> {
  const { ground } = shell
  let i = 0
  return until(() => {
    const one = redirections[i++]
    if (one === undefined) return 0
    return after(textOf(shell, one.to, io), (path) => {
      if (path === '-') {
        const open = files.get(one.fd)
        if (open !== undefined) ground.closedFile(shell, open.path)
        files.delete(one.fd)
      } else if (one.op === '>') {
        if (!ground.isDirectory(path) && !ground.writeText(path, '', false)) throw new Ends(2)
        files.set(one.fd, { path })
      } else if (one.op === '<') {
        if (!ground.isDirectory(path) && ground.readText(path) === null) throw new Ends(2)
        files.set(one.fd, { path })
      }
      return null
    })
  })
}

/** Changes `inner`; an exit code where it can not be. */
function redirect(
  { ground }: Shell,
  { fd, op }: Redirection,
  target: string,
  io: Io,
  inner: Io,
): number | null {
  if (op === '>&' || op === '<&') {
    if (target === '-') return null
    const from = target === '1' ? inner.out : target === '2' ? inner.err : null
    if (from === null) throw new Error(`the simulated shell does not know >&${target}`)
    if (fd === 1) inner.out = from
    else if (fd === 2) inner.err = from
    return null
  }
  if (op === '<') {
    const text = target === '/dev/null' ? '' : ground.readText(target)
    if (text === null) {
      io.err.write(`sh: cannot open ${target}: No such file\n`)
      return 2
    }
    inner.stdin = { text, path: target }
    return null
  }
  const sink = target === '/dev/null' ? nowhere : sinkAt(ground, target, op === '>>')
  if (sink === null) {
    inner.err.write(`sh: cannot create ${target}: Directory nonexistent\n`)
    return 2
  }
  if (fd === 1) inner.out = sink
  else if (fd === 2) inner.err = sink
  return null
}

const nowhere: Out = { write: () => undefined }

function sinkAt(ground: Shell['ground'], path: string, append: boolean): Out | null {
  if (!ground.writeText(path, '', append)) return null
  return { write: (text) => void ground.writeText(path, text, true) }
}
