// The simulated hosts may not drift from the real ones: every script of a migration that works on files alone runs here
// twice on one and the same state, by the simulated shell and by the real sh in a directory, and must do the same.
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { Files } from './files.ts'
import { execute } from './remote.ts'
import { Sim } from './sim.ts'
import { simulate } from './simulate.ts'

interface Met {
  readonly script: string
  readonly args: readonly string[]
  readonly stdin: string
  readonly files: Files
}

interface Did {
  readonly code: number | null
  readonly out: string
  readonly files: Readonly<Record<string, string>>
}

/** Programs that stand for more than files; the lab and the hosts run those scripts for real. */
const beyondFiles =
  /systemctl|systemd-|journalctl|\btar\b|\bawk\b|\/proc\/|setsid|testapp|date |runuser|useradd|ssh-keygen|\bssh\b|mkfifo|\bsed -n 's\/\^/

/** Each script of a migration and a rollback, on the first two states it meets. */
async function scriptsMet(): Promise<Met[]> {
  const met: Met[] = []
  const times = new Map<string, number>()
  const prepare = (sim: Sim): void => {
    sim.meets = (host, argv, stdin) => {
      const [shell, dashC, script = '', , ...args] = argv
      if (
        shell !== 'sh' ||
        dashC !== '-c' ||
        beyondFiles.test(script) ||
        args.some((arg) => arg.endsWith('/testapp'))
      )
        return
      const time = (times.get(script) ?? 0) + 1
      times.set(script, time)
      if (time > 2) return
      const files = new Files()
      files.copyFrom(host.files)
      met.push({ script, args, stdin, files })
    }
  }
  for (const goal of ['abort in the window', 'roll back', 'migrate'] as const)
    await simulate({ seed: 3, nodes: 3, goal, faults: [], quiet: true, prepare })
  return met
}

const roots = /^\/(var|etc|run|usr|tmp)\//

function listed(files: Files): Record<string, string> {
  const all: Record<string, string> = {}
  for (const [path, { kind }] of files.all())
    if (roots.test(path) && kind === 'file') all[path] = files.read(path) ?? ''
  return all
}

async function simulated({ script, args, stdin, files }: Met): Promise<Did> {
  const sim = new Sim(1, 3)
  const host = sim.hosts[2] as Sim['source']
  host.files.copyFrom(files)
  let did: Did | null = null
  execute(host, { argv: ['sh', '-c', script, 'evha', ...args], says: '' }, stdin, (code, out) => {
    did = { code, out, files: listed(host.files) }
  })
  await sim.timeline.until(() => did !== null, 60_000)
  return did as unknown as Did
}

function real({ script, args, stdin, files }: Met): Did {
  const root = mkdtempSync(join(tmpdir(), 'evha-contract-'))
  try {
    for (const [path, { kind, content, mode }] of files.all()) {
      if (!roots.test(path)) continue
      const there = join(root, path)
      mkdirSync(kind === 'dir' ? there : dirname(there), { recursive: true })
      if (kind === 'file') {
        writeFileSync(there, content)
        chmodSync(there, mode)
      } else if (kind === 'link') symlinkSync(join(root, content), there)
    }
    const within = args.map((arg) => (roots.test(arg) ? join(root, arg) : arg))
    const ended = spawnSync('sh', ['-c', script, 'evha', ...within], {
      input: stdin,
      encoding: 'utf8',
      cwd: root,
    })
    const found: Record<string, string> = {}
    for (const name of readdirSync(root, { recursive: true, encoding: 'utf8' })) {
      const path = join(root, name)
      if (lstatSync(path, { throwIfNoEntry: false })?.isFile() === true)
        found[`/${name}`] = readFileSync(path, 'utf8')
    }
    return { code: ended.status, out: ended.stdout.replaceAll(root, ''), files: found }
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
}

test('the simulated shell and the real one do the same with the scripts of a run that work on files', async () => {
  const met = await scriptsMet()
  const different: string[] = []
  for (const one of met) {
    const [there, here] = [await simulated(one), real(one)]
    try {
      expect(there).toEqual(here)
    } catch (thrown) {
      different.push(`${one.script.slice(0, 200)}\n${String(thrown).slice(0, 1500)}`)
    }
  }
  process.stdout.write(
    `${met.length} scripts compared, ${new Set(met.map(({ script }) => script)).size} different ones\n`,
  )
  expect(different).toEqual([])
  expect(met.length).toBeGreaterThan(20)
  // Some hundred processes, one after the other: on a busy machine each waits for its turn.
})
