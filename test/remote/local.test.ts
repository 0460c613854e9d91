import { execFileSync } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { reads, script } from '../../src/base/command.ts'
import { runLocal } from '../../src/remote/local.ts'

function sleepers(seconds: number): string[] {
  const list = execFileSync('ps', ['-eo', 'stat=,args='], { encoding: 'utf8' }).split('\n')
  return list.filter((line) => !line.startsWith('Z') && line.trim().endsWith(` sleep ${seconds}`))
}

test('words, stdin, exit code and outputs arrive as they are', async () => {
  const argv = script('cat; printf "<%s>" "$@"; echo oops >&2; exit 7', "it's", '$HOME\n', '~', '')
  const outcome = await runLocal(reads('try', argv, { stdin: 'in ' }))
  expect(outcome).toMatchObject({
    kind: 'finished',
    exitCode: 7,
    stdout: "in <it's><$HOME\n><~><>",
    stderr: 'oops\n',
    truncated: false,
  })
})

test('a program that does not exist is exit code 127', async () => {
  expect(await runLocal(reads('try', ['no-such-program']))).toMatchObject({ kind: 'finished', exitCode: 127 })
})

test('output is capped', async () => {
  const outcome = await runLocal(
    reads('shout', script('head -c 100000 /dev/zero | tr "\\0" x'), { outputBytesMax: 3 }),
  )
  expect(outcome).toMatchObject({ stdout: 'xxx', truncated: true })
})

test('what outstays its time is killed with its children', async () => {
  const outcome = await runLocal(reads('linger', script('sleep 3801 & sleep 3801'), { timeoutMs: 300 }))
  expect(outcome).toMatchObject({ kind: 'unknown', why: 'timeout' })
  expect(sleepers(3801)).toEqual([])
})

test('an abort kills, too', async () => {
  const stop = new AbortController()
  const running = runLocal(reads('linger', ['sleep', '3802']), stop.signal)
  while (sleepers(3802).length === 0) await sleep(20)
  stop.abort()
  expect(await running).toMatchObject({ kind: 'unknown', why: 'aborted' })
  expect(sleepers(3802)).toEqual([])
})
