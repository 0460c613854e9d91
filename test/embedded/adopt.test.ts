// The first workstation is gone: another one, with a state directory of its own, takes the journal from the hosts.
import { spawn } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { findRun } from '../../src/journal/runs.ts'
import type { Report } from '../../src/run/api.ts'
import type { LockReport } from '../../src/run/lock-of.ts'
import { outputOf } from '../output-of.ts'
import { confirm, evha, type Lab, withLab } from './lab.ts'

/** evha as it runs on another workstation. */
const elsewhere = (lab: Lab, ...args: string[]) =>
  evha([...args, '--state-dir', join(lab.stateDir, 'elsewhere')])

const gates = (lab: Lab) => ['--json', ...confirm(lab, 'cutover', 'commit', 'finish')]

/** Migrates until the crash point is passed, and is dead then. */
async function killedAt(lab: Lab, point: string): Promise<void> {
  const killed = await evha(
    ['migrate', lab.runbook, '--state-dir', lab.stateDir, ...gates(lab)],
    () => undefined,
    { EVHA_CRASH_AT: point },
  )
  expect(killed.code, killed.stderr).toBeNull()
}

/** The runbook as a workstation has it that does not reach these hosts: nobody listens on that port. */
function withoutHosts(lab: Lab, names: readonly string[]): string {
  if (names.length === 0) return lab.runbook
  const path = join(lab.stateDir, `without-${names.join('-')}.yaml`)
  const gone = names.reduce(
    (text, name) => {
      const address = lab.hosts.find((host) => host.name === name)?.address.replaceAll('.', '\\.')
      return text.replace(new RegExp(`(host: ${address}\\n\\s+port: )\\d+`), '$19')
    },
    readFileSync(lab.runbook, 'utf8'),
  )
  expect(gone).not.toBe(readFileSync(lab.runbook, 'utf8'))
  writeFileSync(path, gone)
  return path
}

const folded = (text: string) => text.replaceAll(/\s+/g, ' ')

test('killed after the commit: lock says so, release frees it by name, adopt migrates, and the first one learns of it', () =>
  withLab(3, async (lab) => {
    // The hosts know that the decision was begun; that it fell only node-1 does.
    await killedAt(lab, 'step.startQuorum.before')
    const { run } = findRun(lab.stateDir)
    const lock = JSON.parse((await elsewhere(lab, 'lock', lab.runbook, '--json')).stdout) as LockReport
    expect(lock).toMatchObject({ state: 'held', run, epoch: 1, unfinished: 'decide', here: null })
    expect(await elsewhere(lab, 'lock', 'release', lab.runbook, '--holder', 'somebody@else')).toMatchObject({
      code: 2,
    })
    expect(await elsewhere(lab, 'lock', 'release', lab.runbook)).toMatchObject({
      code: 4,
      stderr: expect.stringContaining(`--holder ${lock.by}`),
    })
    const released = await elsewhere(lab, 'lock', 'release', lab.runbook, '--holder', lock.by ?? '', '--json')
    expect(JSON.parse(released.stdout), released.stderr).toMatchObject({ state: 'released' })

    const adopted = await elsewhere(lab, 'adopt', lab.runbook, ...gates(lab))
    expect(adopted.code, adopted.stderr).toBe(0)
    expect(JSON.parse(adopted.stdout)).toMatchObject({ run, outcome: 'migrated', nodesVoting: 3 })
    expect(folded(adopted.stderr)).toMatch(/known after \d+\.\d s from the journal and 3 copies on the hosts/)
    expect(knownAfterSeconds(adopted.stderr)).toBeLessThan(10)
    expect(adopted.stderr).toContain('was broken off in decide, which can not be undone')

    const again = await lab.evha('resume')
    expect(again.code, again.stderr).toBe(0)
    expect(again.stderr).toContain('this run is finished; nothing was done')
    const files = readdirSync(findRun(lab.stateDir).dir)
    expect(files.some((name) => name.endsWith('.superseded'))).toBe(true)
    expect(lab.signedTwice()).toEqual([])
  }))

/** How long it took to know where the run stands; it is some tenths of a second, hosts out of reach or not. */
function knownAfterSeconds(stderr: string): number {
  return Number(/known after (\d+\.\d) s/.exec(folded(stderr))?.[1] ?? Number.NaN)
}

const points: readonly (readonly [point: string, down: readonly string[]])[] = [
  ['step.copySigner.after', []],
  ['step.smoke.before', ['node-4', 'node-5']],
  ['step.stopSource.after', ['node-4', 'node-5']],
  ['step.warmPeers.after', []],
  ['step.decide.after', ['node-4', 'node-5']],
  ['step.startRest.before', ['node-1', 'node-5']],
]

test.runIf(process.env['EVHA_TEST_TIER'] === 'nightly').each(points)(
  'killed at %s, with %j out of reach: adopted elsewhere it ends with a chain that produces, and nothing signed twice',
  (point, down) =>
    withLab(5, async (lab) => {
      await killedAt(lab, point)
      const startedMs = performance.now()
      const adopted = await elsewhere(lab, 'adopt', withoutHosts(lab, down), ...gates(lab))
      const first = JSON.parse(adopted.stdout) as Report
      const told = `${point} without ${down.join(', ')}: ${first.outcome} after ${Math.round(performance.now() - startedMs)} ms\n${adopted.stderr}`
      expect(knownAfterSeconds(adopted.stderr), told).toBeLessThan(10)
      // The hosts are back: to its end, whatever the first try came to.
      const ended = await elsewhere(lab, 'adopt', lab.runbook, ...gates(lab))
      const last = first.outcome === 'migrated' ? first : (JSON.parse(ended.stdout) as Report)
      expect(last.outcome, `${told}\n${ended.stderr}`).toBe('migrated')
      expect(lab.signedTwice(), told).toEqual([])
      process.stdout.write(`${told}\n`)
    }),
)

/** A workstation that falls asleep as it is about to stop the single sequencer; see sleeper.ts. */
function sleeper(lab: Lab, guard: 'on' | 'off') {
  const args = [lab.runbook, lab.stateDir, lab.chain, 'stop ev-node.service', guard]
  const file = join(import.meta.dirname, 'sleeper.ts')
  const child = spawn(process.execPath, ['--import', 'tsx', file, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const ended = outputOf(child)
  const asleep = new Promise<void>((resolve, fail) => {
    child.stdout.on('data', (text: Buffer) => (text.includes('asleep') ? resolve() : undefined))
    ended.then(
      ({ stdout, stderr }) => fail(new Error(`it ended without a sleep:\n${stdout}\n${stderr}`)),
      fail,
    )
  })
  return { child, asleep, ended }
}

test.runIf(process.env['EVHA_TEST_TIER'] === 'nightly').each(['on', 'off'] as const)(
  'a process that sleeps is taken over after its time; when it wakes it is refused, exit 7, with nothing done; without the guard it takes the cluster down: %s',
  (guard) =>
    withLab(3, async (lab) => {
      const { child, asleep, ended } = sleeper(lab, guard)
      await asleep
      const adopted = await elsewhere(lab, 'adopt', lab.runbook, ...gates(lab))
      expect(adopted.code, adopted.stderr).toBe(0)
      expect(folded(adopted.stderr)).toContain('and may be gone: taking it over in')
      const decision = await lab.on('node-1', 'cat var/lib/evha/decision')
      child.kill('SIGCONT')
      const woken = await ended
      const told = `${woken.stdout}\n${woken.stderr}`
      const up = await Promise.all(
        lab.hosts.map(async ({ name }) =>
          (await lab.on(name, 'systemctl is-active ev-node.service')).stdout.trim(),
        ),
      )
      process.stdout.write(
        `guard ${guard}: exit ${woken.code}, units ${up.join(', ')}, signed twice ${lab.signedTwice()}\n`,
      )
      if (guard === 'off') {
        expect([...up, ...lab.signedTwice()], told).not.toEqual(['active', 'active', 'active'])
        return
      }
      expect(woken.code, told).toBe(7)
      expect(told).toMatch(/this process changes nothing any more/)
      expect(up, told).toEqual(['active', 'active', 'active'])
      expect((await lab.on('node-1', 'cat var/lib/evha/decision')).stdout).toBe(decision.stdout)
      expect(lab.signedTwice(), told).toEqual([])
    }),
)
