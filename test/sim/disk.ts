import { EventEmitter } from 'node:events'
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'

/** A fault of a workstation's disk, or the end of the process that writes to it. */
export type DiskFault =
  | { readonly kind: 'full'; readonly keeps: number }
  /** So many bytes arrive, then the process is gone. */
  | { readonly kind: 'killed'; readonly keeps: number }

/** What a process on a workstation does with the disk, seen by the simulation. */
export interface Watcher {
  /** Before bytes are written to a file; `bytes` of them. */
  writes(path: string, bytes: number): DiskFault | null
  /** After a file was brought to the disk. */
  synced(path: string): void
  readonly dead: boolean
}

interface File {
  bytes: Buffer
  size: number
  /** So much of it outlives a workstation without power. */
  synced: number
  mtimeMs: number
}

/** Thrown into a process that is gone: whatever it still does has no effect. */
export class Gone extends Error {
  constructor() {
    super('this process is gone')
  }
}

/** The disk of one workstation: a file system in memory, so that a run costs no disk and a fault hits where it is told. */
export class Disk {
  readonly files = new Map<string, File>()
  readonly dirs = new Set<string>(['/'])
  /** Who put a name there last. */
  readonly holders = new Map<string, Watcher>()

  text(path: string): string | null {
    const file = this.files.get(path)
    return file === undefined ? null : file.bytes.toString('utf8', 0, file.size)
  }

  write(path: string, text: string): void {
    const bytes = Buffer.from(text)
    this.files.set(path, { bytes, size: bytes.length, synced: bytes.length, mtimeMs: 0 })
    for (let at = parent(path); at !== '/'; at = parent(at)) this.dirs.add(at)
  }

  /** The power goes: true when a file of this name lost what was written since it was last brought to the disk. */
  losesPower(name: string): boolean {
    let lost = false
    for (const [path, file] of this.files) {
      if (!path.endsWith(name) || file.size <= file.synced) continue
      file.size = file.synced
      lost = true
    }
    return lost
  }
}

interface Handle {
  readonly disk: Disk
  readonly file: File
  readonly path: string
  readonly watcher: Watcher
}

const root = '/evha-simulated/'
const disks = new Map<string, { readonly disk: Disk; readonly watcher: Watcher }>()
const handles = new Map<number, Handle>()
let nextHandle = 1_000_000
let nextProcess = 0

/** The state directory under which one process sees a disk. `free` ends that view. */
export function mount(disk: Disk, watcher: Watcher): { readonly path: string; readonly free: () => void } {
  const name = String(++nextProcess)
  disks.set(name, { disk, watcher })
  return { path: `${root}${name}`, free: () => void disks.delete(name) }
}

/** The run is over: what killed processes left mounted and open on this disk would keep its whole world in memory. */
export function discard(disk: Disk): void {
  for (const [name, mounted] of disks) if (mounted.disk === disk) disks.delete(name)
  for (const [handle, opened] of handles) if (opened.disk === disk) handles.delete(handle)
}

interface Place {
  readonly disk: Disk
  readonly watcher: Watcher
  readonly path: string
}

function placeOf(given: unknown): Place | null {
  if (typeof given !== 'string' || !given.startsWith(root)) return null
  const end = given.indexOf('/', root.length)
  const name = end === -1 ? given.slice(root.length) : given.slice(root.length, end)
  const mounted = disks.get(name)
  if (mounted === undefined) throw new Gone()
  const path = end === -1 ? '/' : given.slice(end)
  const { disk, watcher } = mounted
  return { disk, watcher, path: path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path }
}

function living(given: unknown): Place | null {
  const place = placeOf(given)
  if (place?.watcher.dead === true) throw new Gone()
  return place
}

/** Made by the thousand, for files that are looked for: none has a stack. A name by chance would differ in each replay. */
function failing(code: string, path: string): NodeJS.ErrnoException {
  const same = path.endsWith('.new') ? path.replace(/\.[0-9a-f]+\.new$/, '.new') : path
  const error = Object.create(Error.prototype) as NodeJS.ErrnoException
  error.message = `${code}: ${same}`
  error.code = code
  return error
}

const parent = (path: string): string => path.slice(0, path.lastIndexOf('/')) || '/'

function opened({ disk, watcher, path }: Place, flags: number | string): number {
  const { O_CREAT, O_EXCL } = fs.constants
  const creates = typeof flags === 'string' ? /[wa]/.test(flags) : (flags & O_CREAT) !== 0
  const exclusive = typeof flags === 'string' ? flags.includes('x') : (flags & O_EXCL) !== 0
  let file = disk.files.get(path)
  if (disk.dirs.has(path)) file = { bytes: Buffer.alloc(0), size: 0, synced: 0, mtimeMs: 0 }
  else if (file === undefined) {
    if (!creates) throw failing('ENOENT', path)
    if (!disk.dirs.has(parent(path))) throw failing('ENOENT', path)
    file = { bytes: Buffer.alloc(256), size: 0, synced: 0, mtimeMs: 0 }
    disk.files.set(path, file)
  } else if (exclusive) throw failing('EEXIST', path)
  else if (typeof flags === 'string' && flags.startsWith('w')) file.size = 0
  const handle = nextHandle++
  handles.set(handle, { disk, file, path, watcher })
  return handle
}

function put(file: File, bytes: Buffer): void {
  const needed = file.size + bytes.length
  if (needed > file.bytes.length) {
    const grown = Buffer.alloc(Math.max(needed, file.bytes.length * 2))
    file.bytes.copy(grown, 0, 0, file.size)
    file.bytes = grown
  }
  bytes.copy(file.bytes, file.size)
  file.size = needed
}

function written({ file, path, watcher }: Handle, bytes: Buffer): number {
  if (watcher.dead) throw new Gone()
  const fault = watcher.writes(path, bytes.length)
  if (fault === null) {
    put(file, bytes)
    return bytes.length
  }
  put(file, bytes.subarray(0, fault.keeps))
  throw fault.kind === 'full' ? failing('ENOSPC', path) : new Gone()
}

type Fs = typeof fs
type Name = keyof Fs

/** Calls that name a simulated path, or hold a simulated handle, are answered here; all others by the real file system. */
const simulated: { readonly [name: string]: (place: Place, ...args: unknown[]) => unknown } = {
  openSync: (place, flags) => opened(place, flags as string | number),
  readFileSync: ({ disk, path }, options) => {
    const file = disk.files.get(path)
    if (file === undefined) throw failing('ENOENT', path)
    if (options !== undefined) return file.bytes.toString('utf8', 0, file.size)
    return Buffer.from(file.bytes.subarray(0, file.size))
  },
  writeFileSync: (place, content) => {
    const handle = opened(place, 'w')
    written(handles.get(handle) as Handle, Buffer.from(content as string))
    handles.delete(handle)
  },
  existsSync: ({ disk, path }) => disk.files.has(path) || disk.dirs.has(path),
  mkdirSync: ({ disk, path }) => {
    for (let at = path; at !== '/'; at = parent(at)) disk.dirs.add(at)
  },
  readdirSync: ({ disk, path }) => {
    if (!disk.dirs.has(path)) throw failing('ENOENT', path)
    const lead = path === '/' ? '/' : `${path}/`
    return [...disk.files.keys(), ...disk.dirs]
      .filter((one) => one.startsWith(lead) && one.length > lead.length && !one.includes('/', lead.length))
      .map((one) => one.slice(lead.length))
  },
  statSync: ({ disk, path }, options) => {
    const file = disk.files.get(path)
    if (file === undefined && !disk.dirs.has(path)) {
      if ((options as { throwIfNoEntry?: boolean } | undefined)?.throwIfNoEntry === false) return undefined
      throw failing('ENOENT', path)
    }
    return {
      size: file?.size ?? 0,
      mtimeMs: file?.mtimeMs ?? 0,
      isFile: () => file !== undefined,
      isDirectory: () => file === undefined,
    }
  },
  rmSync: ({ disk, path }) => {
    for (const one of [...disk.files.keys()])
      if (one === path || one.startsWith(`${path}/`)) disk.files.delete(one)
    for (const one of [...disk.dirs]) if (one === path || one.startsWith(`${path}/`)) disk.dirs.delete(one)
  },
  renameSync: ({ disk, path, watcher }, target) => {
    const to = living(target)?.path ?? ''
    disk.holders.set(to, watcher)
    const file = disk.files.get(path)
    if (file !== undefined) {
      disk.files.delete(path)
      disk.files.set(to, file)
      return
    }
    if (!disk.dirs.has(path)) throw failing('ENOENT', path)
    for (const [one, entry] of [...disk.files])
      if (one.startsWith(`${path}/`)) {
        disk.files.delete(one)
        disk.files.set(`${to}${one.slice(path.length)}`, entry)
      }
    for (const one of [...disk.dirs])
      if (one === path || one.startsWith(`${path}/`)) {
        disk.dirs.delete(one)
        disk.dirs.add(`${to}${one.slice(path.length)}`)
      }
  },
  linkSync: ({ disk, path, watcher }, target) => {
    const to = living(target)?.path ?? ''
    if (disk.files.has(to)) throw failing('EEXIST', to)
    const file = disk.files.get(path)
    if (file === undefined) throw failing('ENOENT', path)
    disk.files.set(to, file)
    disk.holders.set(to, watcher)
  },
}

const byHandle: { readonly [name: string]: (handle: Handle, ...args: unknown[]) => unknown } = {
  writeSync: (handle, content, offset, length) => {
    const bytes = Buffer.isBuffer(content) ? content : Buffer.from(content as string)
    return written(
      handle,
      typeof offset === 'number' && Buffer.isBuffer(content)
        ? bytes.subarray(offset, offset + ((length as number | undefined) ?? bytes.length))
        : bytes,
    )
  },
  fsyncSync: ({ file, path, watcher }) => {
    if (watcher.dead) throw new Gone()
    file.synced = file.size
    watcher.synced(path)
    if (watcher.dead) throw new Gone()
  },
  fstatSync: ({ file }) => ({ size: file.size }),
  ftruncateSync: ({ file, watcher }, size) => {
    if (watcher.dead) throw new Gone()
    file.size = size as number
    file.synced = Math.min(file.synced, file.size)
  },
}

let installed = false

/** Puts the simulated disks beside the real one, for the whole process: only paths below `/evha-simulated/` are touched. */
export function installDisks(): void {
  if (installed) return
  installed = true
  // One signal is listened to by every command of every simulated host.
  EventEmitter.defaultMaxListeners = 0
  Error.stackTraceLimit = 5
  const table = fs as unknown as Record<string, (...args: unknown[]) => unknown>
  for (const [name, work] of Object.entries(simulated)) {
    const real = table[name as Name] as (...args: unknown[]) => unknown
    table[name] = (first, ...rest) => {
      const place = living(first)
      return place === null ? real(first, ...rest) : work(place, ...rest)
    }
  }
  for (const [name, work] of Object.entries(byHandle)) {
    const real = table[name as Name] as (...args: unknown[]) => unknown
    table[name] = (first, ...rest) => {
      const handle = handles.get(first as number)
      return handle === undefined ? real(first, ...rest) : work(handle, ...rest)
    }
  }
  // The log closes its file without waiting for it.
  for (const name of ['fsync', 'close'] as const) {
    const real = table[name] as (...args: unknown[]) => unknown
    table[name] = (first, done, ...rest) => {
      if (!handles.has(first as number)) return real(first, done, ...rest)
      if (name === 'close') handles.delete(first as number)
      queueMicrotask(() => (done as (error: null) => void)(null))
      return undefined
    }
  }
  const close = fs.closeSync
  fs.closeSync = (handle) => {
    if (!handles.delete(handle)) close(handle)
  }
  syncBuiltinESMExports()
}
