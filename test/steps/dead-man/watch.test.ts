// The dead-man's script as a host runs it, in dash and bash, with a systemctl that only notes what it was asked.
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { type Command, changes } from '../../../src/base/command.ts'
import { killCommand, startCommand } from '../../../src/remote/detached.ts'
import { quoteAll, render } from '../../../src/remote/render.ts'
import type { NodeSpec } from '../../../src/runbook/load.ts'
import {
  armDeadMan,
  disarmDeadMan,
  endDeadMan,
  putDeadManOff,
  readArmed,
} from '../../../src/steps/dead-man/commands.ts'
import { deadManFiles } from '../../../src/steps/dead-man/place.ts'
import { watchScript } from '../../../src/steps/dead-man/watch.ts'
import type { Hands } from '../../../src/steps/hands.ts'
import { changeDecision, readyDecision } from '../../../src/steps/host/decision.ts'
import { keyAsidePath, setKeyAside } from '../../../src/steps/host/key-aside.ts'
import { givePermit } from '../../../src/steps/host/permits.ts'
import { guardArgv, storeIsFree } from '../../../src/steps/host/store.ts'
import { lockDir } from '../../../src/steps/host/tree.ts'
import { configPath, signerPath } from '../../../src/steps/host/unit-files.ts'
import type { Host, StepContext } from '../../../src/steps/step.ts'
import { guardDir } from '../../../src/steps/window/stop-source.ts'
import { locally, nodeIn, scratch } from '../host/locally.ts'

const key = { run: 'demo-20260101T000000-aaaa', attempt: 1, epoch: 1 }
const shells = ['dash', 'bash'] as const

const digestOf = (path: string) => createHash('sha256').update(readFileSync(path)).digest('hex')

/** A host whose systemctl and boot id are the test's. */
class Ground {
  readonly dir = scratch()
  readonly spec: NodeSpec = nodeIn(this.dir)
  readonly host = { spec: this.spec, remote: undefined as unknown } as Host
  readonly #bin = join(this.dir, 'fake')

  readonly #config = configPath(this.spec)
  readonly #unit = join(this.dir, 'unit')

  constructor() {
    mkdirSync(this.#bin)
    mkdirSync(dirname(this.#config), { recursive: true })
    writeFileSync(this.#config, 'aggregator: true\n')
    writeFileSync(this.#unit, '[Service]\n')
    writeFileSync(signerPath(this.spec), 'the key\n')
    this.#program('systemctl', `echo "$@" >> ${this.dir}/asked\n[ ! -e ${this.dir}/fails ]`)
    this.#program('systemd-id128', `cat ${this.dir}/boot`)
    this.boots('1111')
  }

  changesConfig(text: string): void {
    writeFileSync(this.#config, text)
  }

  boots(id: string): void {
    writeFileSync(join(this.dir, 'boot'), `${id}\n`)
  }

  get asked(): string[] {
    const path = join(this.dir, 'asked')
    return existsSync(path) ? readFileSync(path, 'utf8').trim().split('\n') : []
  }

  systemctlFails(fails: boolean): void {
    if (fails) writeFileSync(join(this.dir, 'fails'), '')
    else rmSync(join(this.dir, 'fails'))
  }

  run(command: Command) {
    const text = `PATH=${this.#bin}:$PATH\nexport PATH\n${render(command)}`
    const { stdin } = command
    return locally({ ...changes('test', ['sh', '-c', text]), ...(stdin === undefined ? {} : { stdin }) })
  }

  context(source: boolean): StepContext {
    const hands = { endOfDetached: killCommand, shellText: quoteAll } as Partial<Hands>
    const check = {
      sourceConfigSha256: digestOf(this.#config),
      sourceUnitFile: this.#unit,
      sourceUnitSha256: digestOf(this.#unit),
    }
    return { ...key, hands, facts: { check }, source: source ? this.host : null } as unknown as StepContext
  }

  /** Armed as the window arms it; the deadline lies so many seconds ahead. */
  arm(as: 'source' | 'peer', seconds: number): void {
    const watch = watchScript(this.context(as === 'source'), this.host, key)
    if (as === 'source') {
      expect(this.run(readyDecision(this.spec, 'returned', key)).code).toBe(0)
      expect(this.run(changeDecision(this.spec, ['absent'], 'open', key)).code).toBe(0)
      expect(this.run(setKeyAside(this.spec)).code).toBe(0)
    }
    const armed = this.run(armDeadMan(this.spec, key, seconds, watch))
    expect(armed.code, armed.stderr).toBe(0)
    rmSync(join(this.dir, 'asked'))
  }

  /** Runs what the unit runs, to its end or until it is killed. */
  watch(
    shell: (typeof shells)[number] = 'dash',
    before = '',
    limitMs = 120_000,
  ): Promise<{ code: number | null; said: string }> {
    const text = `PATH=${this.#bin}:$PATH\n${before}\nexec ${shell} ${deadManFiles(this.spec).watch}`
    const child = spawn('sh', ['-c', text], { stdio: ['ignore', 'pipe', 'inherit'], detached: true })
    const kill = () => process.kill(-(child.pid ?? 0), 'SIGKILL')
    const timer = setTimeout(kill, limitMs)
    let said = ''
    child.stdout.setEncoding('utf8').on('data', (part: string) => (said += part))
    return new Promise((resolve) =>
      child.on('close', (code) => {
        clearTimeout(timer)
        resolve({ code, said })
      }),
    )
  }

  /** Where the key lies. */
  get key(): string {
    const places = { inPlace: signerPath(this.spec), aside: keyAsidePath(this.spec) }
    return Object.entries(places)
      .flatMap(([name, path]) => (existsSync(path) ? [name] : []))
      .join()
  }

  file(name: 'decision' | 'permits/single' | 'permits/raft' | 'dead-man/armed'): string | null {
    const path = `${this.spec.paths.evha}/${name}`
    return existsSync(path) ? readFileSync(path, 'utf8') : null
  }

  /** The guard of the window, as the stop of the source starts it; resolves once it has the store. */
  async guard(): Promise<void> {
    mkdirSync(lockDir(this.spec), { recursive: true })
    const context = { ...this.context(true), source: this.host }
    const started = this.run(
      startCommand({ dir: guardDir(context), argv: guardArgv(this.spec), says: 'guard' }),
    )
    expect(started.stdout).toMatch(/^running /)
    onTestFinished(() => void this.run(killCommand(guardDir(context))))
    // Whoever tries the lock has it for a moment, and would keep the guard out: it is only looked at.
    const held = `:${statSync(lockDir(this.spec)).ino} `
    await expect.poll(() => readFileSync('/proc/locks', 'utf8')).toContain(held)
    expect(this.run(storeIsFree(this.spec)).code).toBe(1)
  }

  #program(name: string, body: string): void {
    writeFileSync(join(this.#bin, name), `#!/bin/sh\n${body}\n`)
    chmodSync(join(this.#bin, name), 0o755)
  }
}

const startsAgain = ['is-active ev-node.service', 'reset-failed ev-node.service', 'start ev-node.service']

test.each(shells)(
  '%s: past its deadline it returns the decision, ends the guard, puts the key back, unfences and starts',
  async (shell) => {
    const ground = new Ground()
    await ground.guard()
    ground.arm('source', 0)
    const { code, said } = await ground.watch(shell)
    expect(code, said).toBe(0)
    expect(said).toContain('evha was not heard in time')
    expect(ground.file('decision')).toBe(`returned ${key.run} 1 1\n`)
    expect(ground.key).toBe('inPlace')
    expect(ground.file('permits/single')).toBe('')
    expect(ground.run(storeIsFree(ground.spec)).code).toBe(0)
    expect(ground.asked).toEqual(startsAgain)
    expect(ground.file('dead-man/armed')).toBeNull()
  },
)

test.each(shells)('%s: while it is put off, it does nothing', async (shell) => {
  const ground = new Ground()
  ground.arm('source', 1)
  expect(ground.run(putDeadManOff(ground.spec, key, 600)).stdout).toBe('ok\n')
  expect((await ground.watch(shell, '', 2_500)).code).toBeNull()
  expect(ground.key).toBe('aside')
  expect(ground.file('decision')).toBe(`open ${key.run} 1 1\n`)
  expect(ground.asked).toEqual([])
})

test('only its own key puts it off, and nothing does once it has acted', async () => {
  const ground = new Ground()
  ground.arm('source', 0)
  for (const other of [
    { ...key, attempt: 2 },
    { ...key, epoch: 2 },
    { ...key, run: 'demo-x' },
  ])
    expect(ground.run(putDeadManOff(ground.spec, other, 60)).stdout).toBe('gone\n')
  expect((await ground.watch()).code).toBe(0)
  expect(ground.run(putDeadManOff(ground.spec, key, 60)).stdout).toBe('gone\n')
})

test('once the commit fell it never unfences, however late it is', async () => {
  const ground = new Ground()
  await ground.guard()
  ground.arm('source', 0)
  expect(ground.run(changeDecision(ground.spec, ['open'], 'committed', key)).code).toBe(0)
  for (const _ of [1, 2]) expect((await ground.watch()).code).toBe(0)
  expect(ground.file('decision')).toBe(`committed ${key.run} 1 1\n`)
  expect(ground.file('permits/single')).toBeNull()
  expect(ground.run(storeIsFree(ground.spec)).code).toBe(1)
  expect(ground.asked).toEqual([])
  expect(ground.file('dead-man/armed')).toBeNull()
})

test('a decision that a human holds is waited for, and one of another attempt is not touched', async () => {
  const held = new Ground()
  held.arm('source', 0)
  expect(held.run(changeDecision(held.spec, ['open'], 'held', key)).code).toBe(0)
  expect((await held.watch()).code).toBe(1)
  expect(held.file('dead-man/armed')).not.toBeNull()
  expect(held.asked).toEqual([])

  const later = new Ground()
  later.arm('source', 0)
  writeFileSync(`${later.spec.paths.evha}/decision`, `open ${key.run} 2 1\n`)
  expect((await later.watch()).code).toBe(0)
  expect(later.file('decision')).toBe(`open ${key.run} 2 1\n`)
  expect(later.file('permits/single')).toBeNull()
})

test('a reboot counts as expired; a host that does not tell its boot does not', async () => {
  const ground = new Ground()
  ground.arm('source', 600)
  ground.boots('')
  expect((await ground.watch()).code).toBe(1)
  expect(ground.file('decision')).toMatch(/^open/)
  ground.boots('2222')
  expect(ground.run(readArmed(ground.spec, key)).code).not.toBe(0)
  expect((await ground.watch()).code).toBe(0)
  expect(ground.file('decision')).toMatch(/^returned/)
  expect(ground.asked.slice(-3)).toEqual(startsAgain)
})

test('a deadline that is lost with the volatile directory counts as expired', async () => {
  const ground = new Ground()
  ground.arm('source', 600)
  rmSync(ground.spec.paths.run, { recursive: true })
  expect((await ground.watch()).code).toBe(0)
  expect(ground.file('permits/single')).toBe('')
})

test('broken off in the middle and started again, it goes on; run twice at once, it does no harm', async () => {
  const ground = new Ground()
  await ground.guard()
  ground.arm('source', 0)
  ground.systemctlFails(true)
  expect((await ground.watch()).code).toBe(1)
  expect(ground.file('dead-man/armed')).not.toBeNull()
  expect(ground.file('decision')).toMatch(/^returned/)
  ground.systemctlFails(false)
  const both = await Promise.all([ground.watch('dash'), ground.watch('bash')])
  expect(both.map(({ code }) => code)).toEqual([0, 0])
  expect(ground.file('permits/single')).toBe('')
  expect(ground.file('dead-man/armed')).toBeNull()
})

test('it starts nothing but what check saw: a config that changed is left to a human, and put back it goes on', async () => {
  const ground = new Ground()
  ground.arm('source', 0)
  ground.changesConfig('raft: true\n')
  const { code, said } = await ground.watch()
  expect(code).toBe(1)
  expect(said).toContain('a human has to start it')
  expect(ground.file('permits/single')).toBeNull()
  expect(ground.asked).toEqual([])
  ground.changesConfig('aggregator: true\n')
  expect((await ground.watch()).code).toBe(0)
  expect(ground.asked).toEqual(startsAgain)
})

test('on a disk that takes not one byte more it brings the chain back all the same', async () => {
  const ground = new Ground()
  await ground.guard()
  ground.arm('source', 0)
  // Files may still be made and renamed; a write of one byte fails.
  const { code, said } = await ground.watch('dash', "trap '' XFSZ; ulimit -f 0")
  expect(code, said).toBe(0)
  expect(ground.run(storeIsFree(ground.spec)).code).toBe(0)
  expect(ground.file('decision')).toBe(`returned ${key.run} 1 1\n`)
  expect(ground.key).toBe('inPlace')
  expect(ground.file('permits/single')).toBe('')
})

test("a peer's takes the permits and kills, whatever the decision; disarmed or ended it does nothing", async () => {
  const ground = new Ground()
  const permit = () => ground.run(givePermit(ground.spec, 'raft', 'volatile'))
  permit()
  ground.arm('peer', 0)
  expect((await ground.watch()).code).toBe(0)
  expect(existsSync(`${ground.spec.paths.run}/permits/raft`)).toBe(false)
  expect(ground.asked).toEqual(['kill --signal=SIGKILL ev-node.service', 'stop ev-node.service'])

  permit()
  ground.arm('peer', 0)
  expect(ground.run(disarmDeadMan(ground.spec, key)).stdout).toBe('armed\n')
  expect(ground.run(disarmDeadMan(ground.spec, key)).stdout).toBe('gone\n')
  expect((await ground.watch()).code).toBe(0)
  expect(existsSync(`${ground.spec.paths.run}/permits/raft`)).toBe(true)
  expect(ground.asked).toEqual([])

  ground.arm('peer', 0)
  // The unit is ended first: this systemctl says of each that it is active.
  expect(ground.run(endDeadMan(ground.spec)).code).toBe(1)
  ground.systemctlFails(true)
  expect(ground.run(endDeadMan(ground.spec)).code).toBe(0)
  expect((await ground.watch()).code).toBe(0)
})

test('disarming waits for one that is acting, and is told that it has acted', async () => {
  const ground = new Ground()
  ground.arm('peer', 0)
  const { lock } = deadManFiles(ground.spec)
  const holder = spawn('flock', [lock, 'sleep', '0.7'], { stdio: 'ignore' })
  onTestFinished(() => void holder.kill())
  while (spawnSync('flock', ['-n', lock, 'true']).status === 0)
    await new Promise((wake) => setTimeout(wake, 10))
  const startedMs = performance.now()
  expect(ground.run(disarmDeadMan(ground.spec, key)).code).toBe(0)
  expect(performance.now() - startedMs).toBeGreaterThan(100)
})

test('one of an earlier attempt is replaced whole when the next one arms', async () => {
  const ground = new Ground()
  ground.arm('source', 0)
  const next = { ...key, attempt: 2 }
  const watch = watchScript({ ...ground.context(true), attempt: 2 }, ground.host, next)
  const old = readFileSync(deadManFiles(ground.spec).watch, 'utf8')
  expect(ground.run(armDeadMan(ground.spec, next, 60, watch)).code).toBe(0)
  expect(ground.run(readArmed(ground.spec, key)).code).not.toBe(0)
  expect(ground.run(readArmed(ground.spec, next)).code).toBe(0)
  // One that runs on from the old text finds that it is not meant any more.
  writeFileSync(deadManFiles(ground.spec).watch, old)
  expect((await ground.watch()).code).toBe(0)
  expect(ground.file('decision')).toMatch(/^open/)
})
