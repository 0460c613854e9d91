import { readFileSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { parts, showUnitAndLog } from '../../../src/steps/host/look.ts'
import { readUnit } from '../../../src/steps/host/systemd.ts'
import { locally, scratch } from './locally.ts'

const begun = 'the part has started'

/** No process has this number. */
const goneMeanwhile = 2 ** 30

/** A look at a unit whose log gets the awaited line at the third look; `active` is how systemd shows it. */
function lookedAt(active: string, looksMax: number, { pid = process.pid, later = 'abc' } = {}) {
  const dir = scratch()
  const shim = (name: string, text: string) =>
    writeFileSync(`${dir}/${name}`, `#!/bin/sh\n${text}\n`, { mode: 0o755 })
  shim(
    'systemctl',
    `id=abc\n[ ! -e ${dir}/shown ] || id=${later}\n: > ${dir}/shown\nprintf 'ActiveState=${active}\\nMainPID=${pid}\\nInvocationID=%s\\nUser=ev-node\\n' "$id"`,
  )
  shim(
    'journalctl',
    `echo "$*" >> ${dir}/looks\necho first line\n[ "$(wc -l < ${dir}/looks)" -lt 3 ] || echo '${begun}'`,
  )
  const command = showUnitAndLog('a.service', { text: begun, looksMax })
  const ended = locally({ ...command, argv: ['env', `PATH=${dir}:${process.env['PATH']}`, ...command.argv] })
  expect(ended.code, ended.stderr).toBe(0)
  const [shown = '', log = ''] = parts(ended.stdout, 2)
  const looks = readFileSync(`${dir}/looks`, 'utf8').trim().split('\n')
  return { unit: readUnit(shown), log, looks }
}

test('the host answers as soon as the log holds what is waited for', () => {
  const { unit, log, looks } = lookedAt('active', 9)
  expect(unit).toMatchObject({ active: 'active', invocation: 'abc', user: 'ev-node' })
  expect(log).toBe(`first line\n${begun}\n`)
  expect(looks).toHaveLength(3)
  expect(looks[0]).toMatch(/ _SYSTEMD_INVOCATION_ID=abc$/)
})

test('it answers too when it has looked often enough, and at once when the unit is not up', () => {
  expect(lookedAt('active', 2)).toMatchObject({ log: 'first line\n', looks: { length: 2 } })
  for (const active of ['failed', 'activating']) expect(lookedAt(active, 9).looks).toHaveLength(1)
})

test('it answers at once when the process is gone, and tells no log of another invocation than the one it shows', () => {
  expect(lookedAt('active', 9, { pid: 0 }).looks).toHaveLength(1)
  const other = lookedAt('active', 9, { pid: goneMeanwhile, later: 'def' })
  expect(other).toMatchObject({ log: '\n', unit: { invocation: 'def' }, looks: { length: 1 } })
})
