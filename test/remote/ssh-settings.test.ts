import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { sshRoute } from '../../src/remote/ssh-route.ts'
import { readSettings, sshSettings } from '../../src/remote/ssh-settings.ts'

let dir = ''
let configFile = ''
const noSsh = (() => {
  try {
    execFileSync('ssh', ['-V'], { stdio: 'ignore' })
    return false
  } catch {
    return true
  }
})()

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'evha-ssh-settings-'))
  configFile = join(dir, 'config')
  writeFileSync(join(dir, 'key'), 'no key, but a file\n')
  writeFileSync(join(dir, 'included'), `Host seq\n  HostName 192.0.2.11\n  Port 2222\n  User operator\n`)
  writeFileSync(
    configFile,
    `Include ${join(dir, 'included')}
Host seq
  IdentityFile ${join(dir, 'key')}
  IdentitiesOnly yes
  UserKnownHostsFile ${join(dir, 'known_%h')}
  HostKeyAlias sequencer
Match originalhost inner user deploy
  Port 2022
Host inner
  HostName 10.0.0.5
  ProxyJump hop1,me@hop2.example:2200
Host hop1
  HostName 192.0.2.1
  User jumper
Host circle
  ProxyJump circle2
Host circle2
  ProxyJump circle
Host commanded
  ProxyCommand nc %h %p
`,
  )
})
afterAll(() => rmSync(dir, { recursive: true, force: true }))

describe.skipIf(noSsh)("the operator's own ssh", () => {
  test('an alias, an included file and its tokens mean what they mean to ssh', async () => {
    expect(await sshSettings({ host: 'seq' }, configFile)).toMatchObject({
      host: '192.0.2.11',
      port: 2222,
      user: 'operator',
      identityFiles: [join(dir, 'key')],
      identitiesOnly: true,
      hostKeyAlias: 'sequencer',
      jumps: [],
    })
    const { knownHostsFiles } = await sshSettings({ host: 'seq' }, configFile)
    expect(knownHostsFiles[0]).toBe(join(dir, 'known_192.0.2.11'))
  })

  test('Match looks at the user the runbook names', async () => {
    expect(await sshSettings({ host: 'inner', user: 'deploy' }, configFile)).toMatchObject({ port: 2022 })
    expect(await sshSettings({ host: 'inner', user: 'other' }, configFile)).toMatchObject({ port: 22 })
  })

  test('the runbook stands above the configuration', async () => {
    const login = { host: 'seq', user: 'root', port: 22, identityFile: '/k', knownHostsFile: '/h' }
    expect(await sshRoute(login, { name: 'node-1', configFile })).toMatchObject({
      name: 'node-1',
      host: '192.0.2.11',
      user: 'root',
      port: 22,
      identityFiles: ['/k'],
      knownHostsFiles: ['/h'],
      identitiesOnly: true,
    })
  })

  test('jump hosts have settings of their own, in their order', async () => {
    const route = await sshRoute({ host: 'inner' }, { name: 'node-2', configFile })
    expect(route).toMatchObject({
      host: '10.0.0.5',
      through: {
        host: 'hop2.example',
        port: 2200,
        user: 'me',
        through: { host: '192.0.2.1', user: 'jumper', port: 22 },
      },
    })
    expect(route.through?.through?.through).toBeUndefined()
  })

  test('a circle of jumps is refused', async () => {
    await expect(sshRoute({ host: 'circle' }, { name: 'node-3', configFile })).rejects.toMatchObject({
      kind: 'usage',
      message: expect.stringContaining('in a circle'),
    })
  })

  test('a ProxyCommand is refused, with the way round', async () => {
    await expect(sshSettings({ host: 'commanded' }, configFile)).rejects.toMatchObject({
      kind: 'usage',
      hint: expect.stringContaining('ProxyJump'),
    })
  })

  test('a configuration ssh does not read is told in its words', async () => {
    const broken = join(dir, 'broken')
    writeFileSync(broken, 'Hots x\n')
    await expect(sshSettings({ host: 'x' }, broken)).rejects.toMatchObject({
      kind: 'usage',
      message: expect.stringContaining('ssh can not read its own configuration for x'),
      hint: expect.stringContaining('ssh -G x'),
    })
  })

  test('a host that looks like an option is a host', async () => {
    await expect(sshSettings({ host: '-oProxyCommand=touch' }, configFile)).rejects.toMatchObject({
      kind: 'usage',
    })
  })
})

test('tokens of paths are filled in, unknown ones left', () => {
  const text =
    'hostname h.example\nport 22\nuser u\nidentityfile %d/.ssh/%h-%r-%p-%n-%%-%Z\nidentityagent none\n'
  expect(readSettings(text, { host: 'alias' })).toMatchObject({
    identityFiles: [`${homedir()}/.ssh/h.example-u-22-alias-%-%Z`],
    agent: undefined,
  })
})
