import { beforeAll, expect, test } from 'vitest'
import { built, evha } from './built.ts'

beforeAll(() => built(), 120_000)

test('the settings for evnode.yaml on stdout, why these on stderr', async () => {
  const { exitCode, stdout, stderr } = await evha(['timing', '--rtt', '100'])
  expect({ exitCode, stdout }).toEqual({
    exitCode: 0,
    stdout: `raft.send_timeout: 200ms
raft.heartbeat_timeout: 500ms
raft.leader_lease_timeout: 250ms
raft.election_timeout: 2s
`,
  })
  expect(stderr).toContain('the largest round trip is 100 ms')
  expect(JSON.parse((await evha(['timing', '--rtt', '100', '--json'])).stdout)).toMatchObject({
    heartbeatMs: 500,
    settings: { 'raft.election_timeout': '2s' },
  })
})

test.each(['-1', 'ten', '', '1e9', 'NaN'])('--rtt %j is refused', async (rtt) => {
  const { exitCode, stderr } = await evha(['timing', `--rtt=${rtt}`])
  expect(exitCode).toBe(2)
  expect(stderr).toContain('is no round trip in milliseconds')
})
