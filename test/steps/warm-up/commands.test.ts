import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Command } from '../../../src/base/command.ts'
import { render } from '../../../src/remote/render.ts'
import { clientIsDriven } from '../../../src/steps/host/beside.ts'
import { startMember } from '../../../src/steps/host/start-member.ts'
import { endFullNode, startFullNode } from '../../../src/steps/warm-up/commands.ts'
import { fullNodeOf, warmUpPermit, warmUpUnit } from '../../../src/steps/warm-up/place.ts'
import { nodeIn, scratch } from '../host/locally.ts'

/** A host whose systemctl knows units by files: `UNIT.state` holds how each one is, and every call is noted. */
function host() {
  const dir = scratch()
  writeFileSync(
    join(dir, 'systemctl'),
    `#!/bin/sh
echo "$*" >> ${dir}/calls
case $1 in
  show) state=inactive; [ -e "${dir}/$2.state" ] && state=$(cat "${dir}/$2.state"); echo "ActiveState=$state" ;;
  start) echo active > "${dir}/$2.state" ;;
  stop) echo inactive > "${dir}/$2.state" ;;
esac
`,
  )
  chmodSync(join(dir, 'systemctl'), 0o755)
  return {
    spec: nodeIn(dir),
    run: (command: Command) =>
      spawnSync('dash', ['-c', `PATH=${dir}:$PATH\n${render(command)}`], { encoding: 'utf8' }),
    is: (unit: string, state: string) => writeFileSync(join(dir, `${unit}.state`), `${state}\n`),
    state: (unit: string) => readFileSync(join(dir, `${unit}.state`), 'utf8').trim(),
  }
}

test.each(['active', 'activating', 'deactivating', 'reloading'])(
  'no member is started while the full node of its client is %s',
  (state) => {
    const { spec, run, is } = host()
    is(warmUpUnit(spec), state)
    const refused = run(startMember(spec, { permit: 'volatile', beside: warmUpUnit(spec) }))
    expect(refused.status).toBe(clientIsDriven)
    // Neither started nor given the permit to be started.
    expect(existsSync(`${spec.paths.run}/permits/raft`)).toBe(false)
    // Without the guard it starts beside it.
    expect(run(startMember(spec, { permit: 'volatile' })).status).toBe(0)
  },
)

test('a member is started once its full node is down, and where there never was one', () => {
  const { spec, run, is, state } = host()
  expect(run(startMember(spec, { beside: warmUpUnit(spec) })).status).toBe(0)
  is(spec.unit, 'inactive')
  is(warmUpUnit(spec), 'failed')
  expect(run(startMember(spec, { beside: warmUpUnit(spec) })).status).toBe(0)
  expect(state(spec.unit)).toBe('active')
})

test('no full node is started beside a member, nor given its permit', () => {
  const { spec, run, is } = host()
  is(spec.unit, 'active')
  expect(run(startFullNode(spec)).status).toBe(clientIsDriven)
  expect(existsSync(warmUpPermit(spec))).toBe(false)
})

test.each(['kill', 'stop'] as const)('to %s a full node takes its permit and tells how it stands', (how) => {
  const { spec, run, state } = host()
  expect(run(startFullNode(spec)).status).toBe(0)
  expect(existsSync(warmUpPermit(spec))).toBe(true)
  expect(state(warmUpUnit(spec))).toBe('active')
  expect(run(endFullNode(spec, how))).toMatchObject({ status: 0, stdout: 'ActiveState=inactive\n' })
  expect(existsSync(warmUpPermit(spec))).toBe(false)
})

test('a full node shares nothing with the member beside it but binary and address', () => {
  const { spec } = host()
  const own = fullNodeOf({ spec: { ...spec, p2pPort: 60_000 }, remote: null as never }).spec
  expect(own.home).not.toBe(spec.home)
  expect(own.unit).not.toBe(spec.unit)
  expect(own.rpc).toEqual({ host: spec.rpc.host, port: 27_331 })
  // Where there is no room above, the port lies below.
  expect(own.p2pPort).toBe(47_500)
  expect(own.binary).toBe(spec.binary)
})
