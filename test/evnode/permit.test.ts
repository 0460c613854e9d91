import { expect, test } from 'vitest'
import { permitDropIn, permitDropInName } from '../../src/evnode/permit.ts'
import { parseUnit, unitList } from '../../src/evnode/unit.ts'

test.each(['single', 'raft'] as const)('a unit in %s mode needs one of two files', (mode) => {
  const text = permitDropIn({ mode, durableDir: '/var/lib/evha/permits', volatileDir: '/run/evha/permits/' })
  expect(
    unitList(parseUnit('[Unit]\n', [{ name: permitDropInName, text }]), 'Unit', 'AssertPathExists'),
  ).toEqual([`|/var/lib/evha/permits/${mode}`, `|/run/evha/permits/${mode}`])
})

test('a percent sign is kept from systemd', () => {
  const text = permitDropIn({ mode: 'raft', durableDir: '/srv/100% mine', volatileDir: '/run/x' })
  expect(text).toContain('AssertPathExists=|/srv/100%% mine/raft\n')
})

test.each(['var/lib', '', '/a\nExecStart=/bin/true', '/a\\'])('%j can not hold permits', (durableDir) => {
  expect(() => permitDropIn({ mode: 'raft', durableDir, volatileDir: '/run/x' })).toThrow(
    /can not hold permits/,
  )
})
