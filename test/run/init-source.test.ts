import { expect, test } from 'vitest'
import { withoutUnit } from '../../src/run/init-source.ts'

const node = {
  pid: 77,
  parentPid: 1,
  user: 'ops',
  cgroup: '0::/user.slice/session-3.scope',
  program: '/usr/local/bin/testapp',
  workingDirectory: '/',
  argv: [],
  variables: [],
}

test.each([
  ['nothing that runs', [], /and no process runs one/, /--source SSH/],
  ['one process', [node], /process 77 of ops runs \/usr\/local\/bin\/testapp without one/, /--unit-file/],
  [
    'one in a container',
    [{ ...node, cgroup: '0::/docker/ab' }],
    /process 77 runs one in a container/,
    /out of the container/,
  ],
  ['several', [node, { ...node, pid: 78 }], /2 processes run one: 77, 78/, /end all but/],
])('without a unit and with %s there is one sentence and a cure', (_what, processes, says, cure) => {
  const { message, hint, kind } = withoutUnit('node-1', processes)
  expect(message).toMatch(says)
  expect(hint).toMatch(cure)
  expect(kind).toBe('blocked')
})
