import { spawn } from 'node:child_process'
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { NodeSpec } from '../../../src/runbook/load.ts'
import {
  nodeProcesses,
  startedOtherwise,
  starterFindings,
} from '../../../src/steps/prepare/starter-findings.ts'
import { type HostProcess, lookForStarters, readStarters } from '../../../src/steps/prepare/starters.ts'
import { locally, nodeIn, scratch } from '../host/locally.ts'

/** A process that looks like the node: its own program, `start` and a home in its argv, and it sleeps. */
function running(program: string, ...args: string[]): number {
  const child = spawn(program, ['-c', 'sleep 60; :', 'evha-test', ...args], {
    stdio: 'ignore',
    env: { PATH: process.env['PATH'], EVHA_TEST_SECRET: 'hunter2' },
  })
  onTestFinished(() => {
    child.kill('SIGKILL')
  })
  return child.pid ?? 0
}

/** A copy of the shell under the binary's name. */
function binaryIn({ binary, paths }: NodeSpec): void {
  mkdirSync(join(binary, '..'), { recursive: true })
  mkdirSync(paths.units, { recursive: true })
  copyFileSync('/bin/sh', binary)
}

test('finds the processes that run this very node, by home or by program, and no other', () => {
  const spec = nodeIn(scratch())
  binaryIn(spec)
  const byHome = running('/bin/sh', 'start', '--home', spec.home)
  const byEquals = running('/bin/sh', 'start', `--home=${spec.home}`)
  const byProgram = running(spec.binary, 'start')
  const others = [
    running(spec.binary, 'start', '--home', '/another'),
    running('/bin/sh', 'init', '--home', spec.home),
    running(spec.binary, 'version'),
  ]
  const looked = locally(lookForStarters(spec))
  expect(looked.stderr).toBe('')
  expect(looked.code).toBe(0)
  expect(looked.stdout).not.toContain('hunter2')
  const starters = readStarters(looked.stdout)
  const found = nodeProcesses(spec, starters)
  expect(found.map(({ pid }) => pid).sort()).toEqual([byHome, byEquals, byProgram].sort())
  expect(found.map(({ pid }) => pid)).not.toEqual(expect.arrayContaining(others))
  const one = found.find(({ pid }) => pid === byHome)
  expect(one).toMatchObject({ parentPid: process.pid, workingDirectory: process.cwd() })
  expect(one?.variables).toContain('EVHA_TEST_SECRET')
  expect(one?.argv.slice(-3)).toEqual(['start', '--home', spec.home])
})

test('finds what other units start, comments apart', () => {
  const spec = nodeIn(scratch())
  binaryIn(spec)
  const unit = (name: string, text: string) => writeFileSync(join(spec.paths.units, name), text)
  unit(spec.unit, `[Service]\nExecStart=${spec.binary} start\n`)
  unit('watch.service', `[Service]\n# ExecStart=systemctl stop ev-node\nExecStart=systemctl start ev-node\n`)
  unit('old.service', `[Service]\nExecStart=${spec.binary} start --home /old\n`)
  unit('other.service', '[Service]\nExecStart=/bin/true\n')
  const { lines } = readStarters(locally(lookForStarters(spec)).stdout)
  expect(lines).toEqual([
    { file: join(spec.paths.units, 'old.service'), line: `ExecStart=${spec.binary} start --home /old` },
    { file: join(spec.paths.units, 'watch.service'), line: 'ExecStart=systemctl start ev-node' },
  ])
  const found = starterFindings(spec, { processes: [], triggers: [], lines }, { mainPid: 0 })
  expect(found.map(({ level }) => level)).toEqual(['blocks', 'warns'])
  expect(found[0]?.what).toContain('starts the node without its unit')
  expect(found[1]?.what).toContain('may start or stop ev-node.service')
})

test('the unit of another node of the same runbook on this host is no starter of this one', () => {
  const here = nodeIn('/d')
  const line = { file: '/d/units/stage-2.service', line: `ExecStart=${here.binary} start --home /d/home-2` }
  const levels = (homes: readonly string[]) =>
    starterFindings(here, { processes: [], triggers: [], lines: [line] }, { mainPid: 0 }, homes).map(
      ({ level }) => level,
    )
  expect(levels([here.home, '/d/home-2'])).toEqual([])
  expect(levels([here.home])).toEqual(['blocks'])
})

const spec = nodeIn('/d')
const one: HostProcess = {
  pid: 42,
  parentPid: 1,
  user: 'ev',
  cgroup: '0::/user.slice/session-1.scope ',
  program: '/d/bin/node',
  workingDirectory: '/',
  argv: ['node', 'start', '--home', '/d/home'],
  variables: [],
}
const of = (process: HostProcess, mainPid = 0) =>
  starterFindings(spec, { processes: [process], triggers: [], lines: [] }, { mainPid }).map(
    ({ what }) => what,
  )

test("the unit's own process, and what it forked, is no finding", () => {
  expect(of({ ...one, cgroup: '0::/system.slice/ev-node.service ' })).toEqual([])
  expect(of(one, 42)).toEqual([])
  expect(of({ ...one, parentPid: 41 }, 41)).toEqual([])
})

test('who only launched the node and waits for it is not counted beside it', () => {
  const launcher = { ...one, pid: 41, argv: ['runuser', '-u', 'ev', '--', ...one.argv] }
  const node = { ...one, parentPid: 41, argv: ['/d/bin/node', ...one.argv.slice(1)] }
  const pids = (...processes: HostProcess[]) =>
    nodeProcesses(spec, { processes, triggers: [], lines: [] }).map(({ pid }) => pid)
  expect(pids(launcher, node)).toEqual([42])
  expect(pids({ ...one, pid: 41 }, { ...one, pid: 43 })).toEqual([41, 43])
})

test('a process beside the unit blocks; one in a container is told apart', () => {
  expect(of(one)).toEqual(['process 42 of ev runs this node, outside of ev-node.service'])
  expect(of({ ...one, cgroup: '0::/system.slice/another-ev-node.service ' })).toHaveLength(1)
  expect(of({ ...one, cgroup: '0::/system.slice/docker-0a1b.scope ' })).toEqual([
    'process 42 runs this node in a container',
  ])
})

test('a timer that triggers the unit is told, with the way to switch it off', () => {
  const [found] = starterFindings(
    spec,
    { processes: [], triggers: ['ev-node.timer'], lines: [] },
    { mainPid: 0 },
  )
  expect(found).toMatchObject({ level: 'warns', what: 'ev-node.timer starts ev-node.service by itself' })
  expect(found?.cure).toContain('systemctl disable --now ev-node.timer')
})

test('a process that was started with other words than the unit has now is told', () => {
  const running = { ...one, argv: ['/d/bin/node', ...one.argv] }
  const found = (words: readonly string[], mainPid = running.pid) =>
    startedOtherwise(spec, { processes: [running], triggers: [], lines: [] }, { mainPid }, words)
  expect(found(one.argv)).toEqual([])
  expect(found([...one.argv, '--evnode.da.namespace=other'], 7)).toEqual([])
  expect(found([...one.argv, '--evnode.da.namespace=other'])).toMatchObject([
    {
      level: 'warns',
      what: `its process ${running.pid} was started with another command line than ev-node.service has now`,
    },
  ])
})
