import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { changes, script } from '../../src/base/command.ts'
import { echo, host, sleepers } from './ssh-host.ts'

test('a command that outstays its time is killed with all its children', async () => {
  const { remote } = await host()
  const text = `trap '' TERM; sleep 3573 & sleep 3573; sleep 3573`
  const outcome = await remote.run(changes('linger', ['sh', '-c', text], { timeoutMs: 300 }))
  expect(outcome).toMatchObject({
    kind: 'unknown',
    why: 'timeout',
    message: expect.stringContaining('nothing of it'),
  })
  expect(sleepers(3573)).toEqual([])
})

test('an aborted command is killed; one that was aborted before is never started', async () => {
  const { server, remote } = await host()
  const stop = new AbortController()
  const running = remote.run(changes('linger', ['sleep', '3574']), stop.signal)
  while (sleepers(3574).length === 0) await sleep(20)
  stop.abort()
  expect(await running).toMatchObject({ kind: 'unknown', why: 'aborted' })
  expect(sleepers(3574)).toEqual([])

  const before = server.executed.length
  expect(await remote.run(echo, stop.signal)).toMatchObject({ kind: 'unknown', why: 'aborted' })
  expect(server.executed).toHaveLength(before)
})

test('a command that answers TERM with an exit code of its own is finished after all', async () => {
  const { remote } = await host()
  const text = `trap 'echo tidied; exit 3' TERM; echo up; while :; do sleep 0.05; done`
  const outcome = await remote.run(changes('tidy', ['sh', '-c', text], { timeoutMs: 400 }))
  expect(outcome).toMatchObject({ kind: 'finished', exitCode: 3, stdout: 'up\ntidied\n' })
})

test('a child that keeps the output open does not hide that the command ended', async () => {
  const { remote } = await host()
  const outcome = await remote.run(
    changes('leave a child', script('sleep 3575 & exit 4'), { timeoutMs: 500 }),
  )
  expect(outcome).toMatchObject({ kind: 'finished', exitCode: 4 })
  expect(sleepers(3575)).toEqual([])
})
