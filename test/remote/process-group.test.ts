import { execFileSync, spawn, spawnSync } from 'node:child_process'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { groupFinder, launchText, stopGroupArgv } from '../../src/remote/process-group.ts'

/** Login shells, POSIX or not: dash and bash in any case, the others where they are installed. */
const here = (shell: string) => spawnSync(shell, ['-c', 'true']).status === 0
const shells = ['dash', 'bash', ...['zsh', 'fish', 'tcsh'].filter(here)]

describe.each(shells)('launched by %s', (shell) => {
  test('the command gets its words, its stdin and its exit code; the group stands in the first line', () => {
    const word = fc.oneof(fc.constantFrom("'", '\n', '$x', '', '-n', '~'), fc.string({ unit: 'grapheme' }))
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 4 }), (raw) => {
        const words = raw.map((one) => one.replaceAll('\0', ''))
        const argv = ['sh', '-c', 'cat; printf "%s\\0" "$@"; echo err >&2; exit 7', 'x', ...words]
        const done = spawnSync(shell, ['-c', launchText(argv, 'n0', false)], {
          input: 'in',
          encoding: 'utf8',
        })
        expect(done.status).toBe(7)
        expect(done.stdout).toBe(`in${words.map((one) => `${one}\0`).join('')}`)
        expect(done.stderr).toMatch(/^evha-group n0 \d+ \d+\nerr\n$/)
      }),
      { numRuns: 40 },
    )
  })

  test.each([true, false])('it leads a group of its own (shell leads one already: %s)', (detached) => {
    const argv = ['sh', '-c', 'ps -o pgid= -p $$']
    const script = `require('child_process').spawn(process.argv[1], ['-c', process.argv[2]], {detached: ${detached}, stdio: 'inherit'})`
    const done = spawnSync(process.execPath, ['-e', script, shell, launchText(argv, 'n0', false)], {
      encoding: 'utf8',
    })
    const finder = groupFinder('n0')
    finder.feed(Buffer.from(done.stderr))
    expect(finder.group?.id).toBe(Number(done.stdout.trim()))
  })
})

test('where stderr cannot be written the command never runs', () => {
  const text = launchText(['echo', 'ran'], 'n0', false)
  const done = spawnSync('dash', ['-c', `exec 2>/dev/full; ${text}`], { encoding: 'utf8' })
  expect(done.stdout).toBe('')
  expect(done.status).not.toBe(0)
})

test('the group is found in any slicing of the stream, and the rest is passed on unharmed', () => {
  const stream = Buffer.from('motd: é\nevha-group ab12 4711 998877\nerror: ü\n')
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: stream.length }), { maxLength: 6 }), (cuts) => {
      const finder = groupFinder('ab12')
      const at = [0, ...cuts.sort((a, b) => a - b), stream.length]
      const parts = at.slice(1).map((end, i) => finder.feed(stream.subarray(at[i], end)))
      expect(finder.group).toEqual({ id: 4711, startTicks: '998877' })
      expect(Buffer.concat([...parts, finder.rest()]).toString()).toBe('motd: é\nerror: ü\n')
    }),
  )
})

test('a line with another nonce is not ours, and endless noise is not hoarded', () => {
  const finder = groupFinder('mine')
  finder.feed(Buffer.from('evha-group theirs 1 1\n'))
  expect(finder.group).toBeUndefined()
  expect(finder.feed(Buffer.alloc(70_000, 'x')).length).toBeGreaterThan(70_000)
})

const grace = { termMs: 1_000, killMs: 5_000 }

function startTicks(pid: number): string {
  const stat = execFileSync('cat', [`/proc/${pid}/stat`], { encoding: 'utf8' })
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''
}

function stopGroup(id: number, ticks: string): number | null {
  const [program = '', ...args] = stopGroupArgv({ id, startTicks: ticks }, grace)
  return spawnSync(program, args).status
}

/** Processes of the group that are not just waiting to be reaped. */
function alive(group: number): string[] {
  const list = execFileSync('ps', ['-eo', 'pgid=,stat=,args='], { encoding: 'utf8' }).split('\n')
  return list.map((line) => line.trim()).filter((line) => new RegExp(`^${group} +[^Z ]`).test(line))
}

async function startGroup(text: string): Promise<{ pid: number; ended: Promise<unknown> }> {
  const child = spawn('sh', ['-c', `${text}; sleep 300`], {
    detached: true,
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const ended = new Promise((resolve) => child.once('exit', resolve))
  await new Promise((resolve) => child.stdout.once('data', resolve))
  if (child.pid === undefined) throw new Error('not started')
  return { pid: child.pid, ended }
}

test('a group that ignores TERM is gone all the same, children included', async () => {
  const { pid, ended } = await startGroup(`trap '' TERM; sleep 300 & sleep 300 & echo up`)
  expect(stopGroup(pid, startTicks(pid))).toBe(0)
  await ended
  expect(alive(pid)).toEqual([])
})

test('a process that was given the number of ours later is left alone', async () => {
  const { pid, ended } = await startGroup('echo up')
  expect(stopGroup(pid, '1')).toBe(0)
  expect(() => process.kill(pid, 0)).not.toThrow()
  process.kill(-pid, 'SIGKILL')
  await ended
})

test('a group whose leader is gone is still killed', async () => {
  const { pid, ended } = await startGroup('sleep 301 & echo up')
  const ticks = startTicks(pid)
  process.kill(pid, 'SIGKILL')
  await ended
  expect(alive(pid)).not.toEqual([])
  expect(stopGroup(pid, ticks)).toBe(0)
  expect(alive(pid)).toEqual([])
})
