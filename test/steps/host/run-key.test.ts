import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Command } from '../../../src/base/command.ts'
import { quoteAll } from '../../../src/remote/render.ts'
import type { NodeSpec } from '../../../src/runbook/load.ts'
import { inletPath, knockAnswer, letIn, noWay, shutOut } from '../../../src/steps/host/run-key.ts'

const run = 'my.chain-20260101T000000-abcd'
const operators = 'ssh-ed25519 AAAAoperator operator@desk'

let home: string
let file: string

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'evha-key-'))
  mkdirSync(join(home, '.ssh'), { mode: 0o700 })
  file = join(home, '.ssh', 'authorized_keys')
})
afterEach(() => rmSync(home, { recursive: true, force: true }))

const spec = (name = 'node-2'): NodeSpec =>
  ({
    name,
    paths: { run: join(home, 'run'), evha: join(home, 'evha'), units: join(home, 'units') },
  }) as NodeSpec

function done({ argv }: Command, env: Record<string, string> = {}) {
  const [program, ...words] = argv
  const { PATH = '' } = process.env
  const ended = spawnSync(program, words, { encoding: 'utf8', env: { PATH, HOME: home, ...env } })
  return { code: ended.status, out: ended.stdout, err: ended.stderr }
}

const lay = (name?: string, ofRun = run) =>
  letIn(spec(name), {
    run: ofRun,
    publicKey: 'ssh-ed25519 AAAArun',
    from: ['10.0.0.1', 'fd00::1'],
    secondsMax: 3_600,
    shellText: quoteAll,
  })

const lines = () => readFileSync(file, 'utf8').split('\n')

describe('the line in authorized_keys', () => {
  test.each([
    ['as usual', `${operators}\n`],
    ['without a newline at its end', operators],
    ['empty', ''],
    ['with comments, empty lines and no newline', `# mine\n\n${operators}\n\n# end`],
    ['with bytes of no text', Buffer.concat([Buffer.from([0xff, 0xfe, 0x0a]), Buffer.from(operators)])],
  ])('comes and goes, and a file %s is byte for byte what it was', (_, before) => {
    writeFileSync(file, before, { mode: 0o640 })
    const owner = statSync(file)
    expect(done(lay())).toMatchObject({ code: 0, err: '' })
    expect(lines().filter((line) => line.includes('AAAArun'))).toHaveLength(1)
    expect(readFileSync(file, 'utf8').startsWith(Buffer.from(before).toString('utf8'))).toBe(true)
    // Once more, as after a crash: still one.
    expect(done(lay()).code).toBe(0)
    expect(lines().filter((line) => line.includes('AAAArun'))).toHaveLength(1)
    expect(statSync(file)).toMatchObject({ mode: owner.mode, uid: owner.uid, gid: owner.gid })
    expect(done(shutOut(spec(), run))).toMatchObject({ code: 0, err: '' })
    expect(readFileSync(file)).toEqual(Buffer.from(before))
    expect(statSync(file)).toMatchObject({ mode: owner.mode, uid: owner.uid, gid: owner.gid })
    expect(readdirSync(join(home, '.ssh'))).toEqual(['authorized_keys'])
    expect(existsSync(join(home, 'run', 'seed'))).toBe(false)
  })

  test('says what may be done with the key, from where, and how long', () => {
    writeFileSync(file, `${operators}\n`)
    const { out } = done(lay(), { SSH_CONNECTION: '10.0.0.9 50000 10.0.0.2 2222' })
    expect(out).toMatch(/^\S+ 2222\n$/)
    const [, line = ''] = lines()
    expect(line).toMatch(
      /^restrict,expiry-time="\d{14}",from="10\.0\.0\.1,fd00::1",command="exec sh -c '.*' .*\/run\/seed\/node-2\/inlet" ssh-ed25519 AAAArun evha seed my\.chain-20260101T000000-abcd node-2$/,
    )
  })

  test('other lines stay, also those of other runs and other nodes, and what somebody adds meanwhile', () => {
    writeFileSync(file, operators)
    for (const name of ['node-2', 'node-3']) expect(done(lay(name)).code).toBe(0)
    expect(done(lay('node-2', 'myxchain-20260101T000000-abcd')).code).toBe(0)
    writeFileSync(file, 'ssh-rsa AAAAlater later\n', { flag: 'a' })
    expect(done(shutOut(spec(), run)).code).toBe(0)
    const left = lines().map((line) => line.split(' ').slice(-4).join(' '))
    expect(left).toEqual(
      [
        operators,
        expect.stringContaining('AAAArun evha seed'),
        expect.stringContaining('myxchain'),
        'ssh-rsa AAAAlater later',
        '',
      ].map((one, k) =>
        k === 1
          ? `evha seed ${run} node-3`
          : k === 2
            ? 'evha seed myxchain-20260101T000000-abcd node-2'
            : one,
      ),
    )
  })

  test('a file that is not there is not made, and none is missed when the line is taken out', () => {
    expect(done(lay())).toMatchObject({ code: noWay.noKeyFile, err: expect.stringContaining('there is no') })
    expect(done(shutOut(spec(), run)).code).toBe(0)
    expect(readdirSync(join(home, '.ssh'))).toEqual([])
  })

  test('a file with a second name is left alone; a link is followed, not replaced', () => {
    writeFileSync(file, `${operators}\n`)
    linkSync(file, join(home, 'second'))
    expect(done(lay()).code).toBe(noWay.noKeyFile)
    expect(readFileSync(file, 'utf8')).toBe(`${operators}\n`)
    rmSync(file)
    symlinkSync('../second', file)
    expect(done(lay()).code).toBe(0)
    expect(lstatSync(file).isSymbolicLink()).toBe(true)
    expect(readFileSync(join(home, 'second'), 'utf8')).toContain('AAAArun')
  })

  test.each([
    ['has a line there', true],
    ['has none', false],
  ])(
    'what another node of the same host is writing is not taken away before it is through, by one that %s',
    (_, hasLine) => {
      writeFileSync(file, `${operators}\n`)
      if (hasLine) expect(done(lay()).code).toBe(0)
      const others = join(home, '.ssh', '.authorized_keys.evha-new')
      writeFileSync(others, 'half')
      const bin = join(home, 'bin')
      mkdirSync(bin)
      const seen = join(home, 'seen')
      // The lock: as long as somebody else has it, what is being written must stand.
      const flock = `#!/bin/sh\ncat ${others} >> ${seen}\nPATH=\${PATH#*:} exec flock "$@"\n`
      writeFileSync(join(bin, 'flock'), flock, { mode: 0o755 })
      expect(done(shutOut(spec(), run), { PATH: `${bin}:${process.env['PATH']}` })).toMatchObject({
        code: 0,
        err: '',
      })
      expect(readFileSync(seen, 'utf8')).toBe('half')
      expect(readdirSync(join(home, '.ssh'))).toEqual(['authorized_keys'])
      expect(readFileSync(file, 'utf8')).toBe(`${operators}\n`)
    },
  )

  test('a file nobody may write keeps its mode', () => {
    writeFileSync(file, `${operators}\n`)
    chmodSync(file, 0o400)
    const { code } = done(lay())
    // Only root may; anybody else is told, and nothing is changed.
    if (process.getuid?.() === 0) expect(code).toBe(0)
    else expect(lines()).toEqual([operators, ''])
    expect(statSync(file).mode & 0o777).toBe(0o400)
    expect(done(shutOut(spec(), run)).code).toBe(0)
    expect(readFileSync(file, 'utf8')).toBe(`${operators}\n`)
  })

  test('where nothing can be written the old file stands, and it is said', () => {
    writeFileSync(file, `${operators}\n`)
    // As on a full disk: the copy can not be written whole.
    const bin = join(home, 'bin')
    mkdirSync(bin)
    writeFileSync(join(bin, 'sync'), '#!/bin/sh\necho "sync: No space left on device" >&2\nexit 1\n', {
      mode: 0o755,
    })
    const { code, err } = done(lay(), { PATH: `${bin}:${process.env['PATH']}` })
    expect(code).not.toBe(0)
    expect(err).toContain('No space left')
    expect(readFileSync(file, 'utf8')).toBe(`${operators}\n`)
    expect(readdirSync(join(home, '.ssh'))).toEqual(['authorized_keys'])
  })
})

describe('what the key opens', () => {
  const forced = () =>
    /command="(.*)" ssh-ed25519/
      .exec(lines().at(-2) ?? '')?.[1]
      ?.replaceAll('\\"', '"')
      .replaceAll('\\\\', '\\') ?? ''

  test.each(['sh', 'bash', 'tcsh'])(
    'a knock is answered, whatever is asked instead is not run, by a login shell %s',
    (shell) => {
      if (spawnSync(shell, ['-c', 'true']).error !== undefined) return
      writeFileSync(file, `${operators}\n`)
      expect(done(lay()).code).toBe(0)
      const asked = (command: string, timeout: number) =>
        spawnSync(shell, ['-c', forced()], {
          encoding: 'utf8',
          input: '',
          timeout,
          env: { PATH: process.env['PATH'], SSH_ORIGINAL_COMMAND: command },
        })
      expect(asked('knock', 20_000).stdout).toBe(`${knockAnswer}\n`)
      const evil = join(home, 'evil')
      expect(asked(`touch ${evil}`, 700).stdout).toBe('')
      expect(existsSync(evil)).toBe(false)
      expect(existsSync(inletPath(spec()))).toBe(false)
    },
  )
})
