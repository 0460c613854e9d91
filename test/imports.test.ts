import { readdirSync, readFileSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import { expect, test } from 'vitest'

const src = join(import.meta.dirname, '..', 'src')

/** What each room may import besides itself and base. The rings: decide, describe, do, tell. */
const rooms: Readonly<Record<string, readonly string[]>> = {
  base: [],
  machine: [],
  evnode: [],
  runbook: [],
  steps: ['evnode', 'remote types', 'runbook'],
  remote: [],
  journal: ['remote'],
  run: ['machine', 'steps', 'evnode', 'remote', 'journal', 'runbook'],
  lab: ['remote', 'evnode'],
  ui: ['machine', 'steps', 'evnode', 'remote', 'journal', 'runbook', 'run', 'lab'],
  cli: ['machine', 'steps', 'evnode', 'remote', 'journal', 'runbook', 'run', 'lab', 'ui'],
}

/** Packages of the outside world that only some rooms may know. */
const packages: Readonly<Record<string, readonly string[]>> = {
  xstate: ['machine'],
  ssh2: ['remote', 'lab'],
  'zx/core': ['remote'],
  pino: ['journal'],
  enquirer: ['ui'],
  commander: ['cli'],
  yaml: ['evnode', 'runbook'],
  zod: ['runbook', 'journal', 'run', 'cli'],
}

interface Import {
  readonly file: string
  readonly room: string
  readonly typeOnly: boolean
  readonly from: string
}

const imports = files(src).flatMap(importsOf)

test('there is something to look at', () => {
  expect(new Set(imports.map((one) => one.room))).toEqual(new Set(Object.keys(rooms)))
})

test('a room imports only the rooms its ring allows', () => {
  expect(imports.filter(looksOutwards).map(told)).toEqual([])
})

test('a package of the outside world is known only where it belongs', () => {
  const stray = imports.filter(
    ({ from, room }) =>
      !from.startsWith('.') && !from.startsWith('node:') && packages[from]?.includes(room) !== true,
  )
  expect(stray.map(told)).toEqual([])
})

test('the machine is pure: it knows no module of Node', () => {
  const machine = imports.filter(({ room, from }) => room === 'machine' && from.startsWith('node:'))
  expect(machine.map(told)).toEqual([])
})

test('the machine has no clock and no chance', () => {
  const text = files(join(src, 'machine')).map((file) => readFileSync(file, 'utf8'))
  expect(text.filter((one) => /Date\.now|new Date|Math\.random|setTimeout|process\./.test(one))).toEqual([])
})

function looksOutwards({ file, room, typeOnly, from }: Import): boolean {
  if (!from.startsWith('.')) return false
  const target = roomOf(join(file, '..', from))
  if (target === room || target === 'base') return false
  const allowed = rooms[room] ?? []
  return !(allowed.includes(target) || (typeOnly && allowed.includes(`${target} types`)))
}

function importsOf(file: string): Import[] {
  const text = readFileSync(file, 'utf8')
  const found = text.matchAll(/^(?:import|export)\s+(type\s)?[^'"]*?from\s+'([^']+)'|import\('([^']+)'\)/gm)
  return [...found].map(([, type, named, dynamic]) => ({
    file,
    room: roomOf(file),
    typeOnly: type !== undefined,
    from: named ?? dynamic ?? '',
  }))
}

function roomOf(file: string): string {
  return relative(src, file).split(sep)[0] ?? ''
}

function files(dir: string): string[] {
  return readdirSync(dir, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(dir, name))
}

function told({ file, from }: Import): string {
  return `${relative(src, file)} imports ${from}`
}
