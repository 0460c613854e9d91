import { spawn, spawnSync } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { NodeSpec } from '../../../src/runbook/load.ts'
import { commitDecision, sourceChanged } from '../../../src/steps/host/commit-decision.ts'
import {
  changeDecision,
  lostCompare,
  parseDecision,
  readDecisionFile,
} from '../../../src/steps/host/decision.ts'
import { givePermit } from '../../../src/steps/host/permits.ts'
import { lockDir } from '../../../src/steps/host/tree.ts'
import { signerPath } from '../../../src/steps/host/unit-files.ts'
import { locally, nodeIn, scratch } from './locally.ts'

const key = { run: 'r', attempt: 1, epoch: 1 }

/** A source as it stands before the decision: fenced, no key in its place, its store held by a guard, the decision open. */
async function source(): Promise<{ spec: NodeSpec; endGuard(): Promise<void> }> {
  const dir = scratch()
  const spec = nodeIn(dir)
  mkdirSync(lockDir(spec), { recursive: true })
  mkdirSync(`${dir}/bin`)
  writeFileSync(`${dir}/bin/systemd-id128`, '#!/bin/sh\necho this-boot\n', { mode: 0o755 })
  const path = process.env['PATH']
  process.env['PATH'] = `${dir}/bin:${path}`
  const guard = spawn('flock', ['-n', lockDir(spec), 'sh', '-c', 'echo held; exec sleep 60'], {
    detached: true,
  })
  const gone = new Promise<void>((resolve) => guard.once('close', () => resolve()))
  const endGuard = async () => {
    if (guard.pid !== undefined && guard.exitCode === null) process.kill(-guard.pid, 'SIGKILL')
    await gone
  }
  onTestFinished(async () => {
    process.env['PATH'] = path
    await endGuard().catch(() => undefined)
  })
  await new Promise((resolve) => guard.stdout.once('data', resolve))
  expect(locally(changeDecision(spec, ['absent'], 'open', key)).code).toBe(0)
  return { spec, endGuard }
}

const stands = (spec: NodeSpec) => parseDecision(locally(readDecisionFile(spec)).stdout)?.decision

test('a source that is fenced, guarded and in its boot is committed', async () => {
  const { spec } = await source()
  const said = locally(commitDecision(spec, 'this-boot', key))
  expect(said.code, said.stderr).toBe(0)
  expect(parseDecision(said.stdout)).toEqual({ decision: 'committed', ...key })
  expect(stands(spec)).toBe('committed')
})

test('nothing is decided on a source that changed in the last moment', async () => {
  const { spec, endGuard } = await source()
  const refused = (boot: string, why: string) => {
    const said = locally(commitDecision(spec, boot, key))
    expect(said.code, said.stderr).toBe(sourceChanged)
    expect(said.stdout.trim()).toBe(why)
    expect(stands(spec)).toBe('open')
  }
  refused('another-boot', 'rebooted inside the window')
  for (const lasting of ['durable', 'volatile'] as const) {
    locally(givePermit(spec, 'single', lasting))
    refused('this-boot', 'the permit for single mode stands again')
    rmSync(`${lasting === 'durable' ? spec.paths.evha : spec.paths.run}/permits/single`)
  }
  mkdirSync(dirname(signerPath(spec)), { recursive: true })
  writeFileSync(signerPath(spec), '{}')
  refused('this-boot', 'the key is in its place again')
  rmSync(signerPath(spec))
  await endGuard()
  refused('this-boot', 'the guard of the store is gone')
  // Without that look the decision falls all the same.
  expect(spawnSync('sh', changeDecision(spec, ['open'], 'committed', key).argv.slice(1)).status).toBe(0)
  expect(stands(spec)).toBe('committed')
})

test('a decision that another hand has taken stays as it is', async () => {
  const { spec } = await source()
  expect(locally(changeDecision(spec, ['open'], 'returned', key)).code).toBe(0)
  expect(locally(commitDecision(spec, 'this-boot', key)).code).toBe(lostCompare)
  expect(stands(spec)).toBe('returned')
})
