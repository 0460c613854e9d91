import { chmodSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { hookNames } from '../../src/base/names.ts'
import { advance, begin, type StateView, viewOf } from '../../src/machine/decider.ts'
import { states } from '../../src/machine/graph.ts'
import { hookVariables } from '../../src/run/hook-environment.ts'
import { hookOnEntering, hookPoints } from '../../src/run/hook-points.ts'
import { Hooks, refuseUnusableHooks } from '../../src/run/hooks.ts'
import { beginRun, closeRun, type OpenRun, reopenRun } from '../../src/run/open-run.ts'
import { runbookFromText } from '../../src/runbook/load.ts'
import { runbookOn } from '../cli/runbook.ts'
import { refusedBy, scratch } from '../journal/scratch.ts'
import { silentObserver } from './silent-observer.ts'

/** A program in `dir`; each call appends to `calls` there and keeps its variables in `env`. */
function program(dir: string, text: string): string {
  const path = join(dir, 'hook')
  writeFileSync(
    path,
    `#!/bin/sh\necho "$EVHA_HOOK $EVHA_HOOK_TIMES" >>${dir}/calls\nenv | grep ^EVHA_ >${dir}/env\n${text}\n`,
  )
  chmodSync(path, 0o755)
  return path
}

const runbookWith = (dir: string, hooks: string) =>
  runbookFromText(`${runbookOn(22, dir)}hooks: ${hooks}\n`, join(dir, 'chain.yaml'))

interface Bench {
  readonly dir: string
  readonly stateDir: string
  readonly said: string[]
  readonly run: OpenRun
  readonly hooks: Hooks
}

function bench(hooks: string, text = 'exit 0'): Bench {
  const dir = scratch()
  const path = program(dir, text)
  const stateDir = join(dir, 'state')
  const run = beginRun(runbookWith(dir, hooks.replaceAll('HOOK', path)), stateDir, [])
  return { dir, stateDir, ...hooksOf(run, stateDir) }
}

function hooksOf(run: OpenRun, stateDir: string): Pick<Bench, 'run' | 'hooks' | 'said'> {
  const said: string[] = []
  const observer = { ...silentObserver, progress: (line: string) => void said.push(line) }
  return { run, said, hooks: new Hooks(run, { observer, stateDir, stopNow: new AbortController().signal }) }
}

const checking = viewOf(begin({ chain: 'lab-chain', source: 'node-1', nodes: 3 }))
const inState = (path: string): StateView => ({ ...checking, path })
const calls = (dir: string) => {
  const path = join(dir, 'calls')
  return existsSync(path) ? readFileSync(path, 'utf8').trim().split('\n') : []
}
const journaled = ({ run }: Bench) =>
  run.journal.records.flatMap((record) =>
    record.type === 'hook' ? [[record.hook, record.end?.exit ?? 'begun']] : [],
  )

test('every point but two belongs to a state of the machine, and no point that stops lies past the cutover', () => {
  const byState = states().flatMap((path) => hookOnEntering(inState(path)) ?? [])
  expect(byState.sort()).toEqual(
    hookNames.filter((name) => name !== 'beforeCutover' && name !== 'ended').sort(),
  )
  const stopping = states().filter((path) => {
    const hook = hookOnEntering(inState(path))
    return hook !== null && hookPoints[hook].failing === 'stops'
  })
  expect(stopping.sort()).toEqual(['check', 'gate.cutover'])
})

test('a hook before the window is waited for; its failure is the run\u2019s, with its last line', async () => {
  const stand = bench('{ started: HOOK }', 'echo first; echo "no pager" >&2; exit 3')
  const failure = await stand.hooks.entered(checking)
  expect(failure).toMatchObject({ kind: 'failed', changedAnything: 'no', retryable: true })
  expect(failure?.message).toBe('the hook started ended with exit 3: no pager')
  expect(failure?.hint).toContain(join(stand.dir, 'hook'))
  expect(journaled(stand)).toEqual([
    ['started', 'begun'],
    ['started', 3],
  ])
  // What it wrote is in the log of this workstation, and not in the journal, which is copied.
  expect(readFileSync(stand.run.files.log, 'utf8')).toContain('no pager')
  expect(readFileSync(stand.run.files.journal, 'utf8')).not.toContain('no pager')
})

test('a hook inside the window is not waited for; its failure is told', async () => {
  const stand = bench('{ windowOpened: HOOK }', 'while [ ! -e "$0.go" ]; do sleep 0.05; done; exit 5')
  expect(await stand.hooks.entered(inState('window.arm'))).toBeNull()
  expect(stand.said).toEqual([])
  writeFileSync(join(stand.dir, 'hook.go'), '')
  await stand.hooks.settled()
  expect(stand.said).toEqual(['the hook windowOpened ended with exit 5; the run goes on'])
  expect(journaled(stand)).toEqual([
    ['windowOpened', 'begun'],
    ['windowOpened', 5],
  ])
})

test('one that takes too long is killed and counts as failed', async () => {
  const stand = bench('{ timeoutSeconds: 1, started: HOOK }', 'sleep 60')
  expect((await stand.hooks.entered(checking))?.message).toBe('the hook started took too long and was killed')
})

test('what ended well is not called again by a resumed run; what failed or was not seen to end is, and says so', async () => {
  const stand = bench(
    '{ started: HOOK, prepared: HOOK, windowOpened: HOOK }',
    'test "$EVHA_HOOK" != prepared',
  )
  await stand.hooks.entered(checking)
  await stand.hooks.entered(inState('gate.cutover'))
  // As a process leaves it that dies while the hook runs.
  stand.run.journal.append({ type: 'hook', hook: 'windowOpened', attempt: 1, times: 1, end: null })
  closeRun(stand.run)
  const again = hooksOf(reopenRun(stand.stateDir, undefined), stand.stateDir)
  expect(await again.hooks.entered(checking)).toBeNull()
  expect(await again.hooks.entered(inState('gate.cutover'))).not.toBeNull()
  await again.hooks.entered(inState('window.arm'))
  await again.hooks.settled()
  expect(calls(stand.dir)).toEqual(['started 1', 'prepared 1', 'prepared 2', 'windowOpened 2'])
  expect(again.said).toEqual([
    'the hook prepared runs again, the 2. time: last it ended with exit 1',
    'the hook windowOpened runs again, the 2. time: its last end was not seen',
  ])
})

test('the next attempt is a new one for its hooks', async () => {
  const stand = bench('{ prepared: HOOK }')
  const gate = inState('gate.cutover')
  await stand.hooks.entered(gate)
  await stand.hooks.entered({ ...gate, context: { ...gate.context, attempt: 2 } })
  expect(calls(stand.dir)).toEqual(['prepared 1', 'prepared 1'])
  expect(stand.said).toEqual([])
})

test('a hook is told what the page says, and nothing else', async () => {
  const stand = bench('{ ended: HOOK }')
  const end = {
    run: stand.run.files.run,
    outcome: 'waiting',
    exitCode: 4,
    failure: null,
    next: 'evha resume',
  } as const
  await stand.hooks.call('ended', checking, end)
  await stand.hooks.settled()
  const env = Object.fromEntries(
    readFileSync(join(stand.dir, 'env'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  )
  expect(env).toEqual({
    EVHA_HOOK: 'ended',
    EVHA_HOOK_TIMES: '1',
    EVHA_CHAIN_ID: 'lab-chain',
    EVHA_RUN: stand.run.files.run,
    EVHA_RUN_DIR: stand.run.files.dir,
    EVHA_STATE_DIR: stand.stateDir,
    EVHA_ATTEMPT: '1',
    EVHA_STATE: 'check',
    EVHA_PHASE: 'prepare',
    EVHA_SAYS: 'looking at every host; nothing is changed',
    EVHA_CHAIN_STOPPED: 'no',
    EVHA_SOURCE: 'node-1',
    EVHA_NODES: 'node-1 node-2 node-3',
    EVHA_BUDGET_SECONDS: '30',
    EVHA_OUTCOME: 'waiting',
    EVHA_EXIT_CODE: '4',
    EVHA_NEXT: 'evha resume',
  })
  expect(Object.keys(hookVariables)).toEqual(expect.arrayContaining(Object.keys(env)))
})

test('a hook that can not be run is refused before anything is begun', () => {
  const dir = scratch()
  writeFileSync(join(dir, 'plain'), '')
  const refused = (path: string) =>
    refusedBy(() => refuseUnusableHooks(runbookWith(dir, `{ ended: ${path} }`))).message
  expect(refused('/nowhere/hook')).toBe('the hook ended can not be run: /nowhere/hook is not there')
  expect(refused(join(dir, 'plain'))).toMatch(/plain is not executable$/)
  expect(refused(dir)).toMatch(/is no file$/)
  expect(readdirSync(dir)).toEqual(['plain'])
})

test('a failed step is in what a hook is told', async () => {
  const stand = bench('{ started: HOOK }')
  const failure = {
    kind: 'failed',
    message: 'node-2: disk full',
    changedAnything: 'yes',
    retryable: true,
    hint: '',
  } as const
  const snapshot = advance(begin({ chain: 'lab-chain', source: 'node-1', nodes: 3 }), {
    type: 'STEP_FAILED',
    step: 'check',
    failure,
  })
  await stand.hooks.entered(viewOf(snapshot))
  expect(readFileSync(join(stand.dir, 'env'), 'utf8')).toContain('EVHA_FAILURE=node-2: disk full\n')
})
