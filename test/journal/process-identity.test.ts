import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import type { Writable } from 'node:stream'
import { expect, test } from 'vitest'
import { livenessOf, ownIdentity, startTimeByPs, startTimeOf } from '../../src/journal/process-identity.ts'

test('this process is alive, and the same one every time', () => {
  expect(ownIdentity()).toEqual(ownIdentity())
  expect(livenessOf(ownIdentity())).toBe('alive')
})

test('a process that ended is dead, also when its pid was given away again', () => {
  const { pid } = spawnSync('true')
  expect(startTimeOf(pid)).toBeUndefined()
  expect(livenessOf({ ...ownIdentity(), pid })).toBe('dead')
  expect(livenessOf({ ...ownIdentity(), startTime: '1' })).toBe('dead')
})

test.runIf(existsSync('/proc/self/stat'))('a zombie is dead', async () => {
  // The shell's child ends only after the shell has become `sleep`, which never asks for its end.
  const shell = spawn('sh', ['-c', 'cat <&3 & echo $!; exec sleep 60'], {
    stdio: ['ignore', 'pipe', 'ignore', 'pipe'],
  })
  const [printed] = (await once(shell.stdout ?? shell, 'data')) as [Buffer]
  const pid = Number(printed.toString())
  await until(() => readFileSync(`/proc/${shell.pid}/comm`, 'utf8') === 'sleep\n')
  ;(shell.stdio[3] as Writable).end()
  await until(() => /^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8')))
  expect(startTimeOf(pid)).toBeUndefined()
  shell.kill('SIGKILL')
})

test('a restarted machine has no process of before; another machine or container cannot be judged', () => {
  const self = { pid: 1, startTime: '5', host: 'laptop', bootId: 'b1', pidNamespace: 'pid:[1]' }
  expect(livenessOf({ ...self, bootId: 'b0' }, self)).toBe('dead')
  expect(livenessOf({ ...self, bootId: 'b0', host: 'other' }, self)).toBe('elsewhere')
  expect(livenessOf({ ...self, pidNamespace: 'pid:[2]' }, self)).toBe('elsewhere')
})

test('a machine that was renamed while it runs still knows its processes', () => {
  const self = ownIdentity()
  if (self.bootId === undefined) return
  expect(livenessOf({ ...self, host: 'former-name' }, self)).toBe('alive')
})

test('without /proc, ps tells the same', () => {
  const started = startTimeByPs(process.pid)
  expect(started).toMatch(/\d{4}$/)
  expect(startTimeByPs(spawnSync('true').pid)).toBeUndefined()
})

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5))
}
