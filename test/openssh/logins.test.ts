// Logins as operators have them, against real sshds: jumps by their own ssh configuration, and what ssh2 can not do.
import { execFileSync } from 'node:child_process'
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { reads } from '../../src/base/command.ts'
import { openSsh, type SshTarget } from '../../src/remote/ssh.ts'
import { sshRoute } from '../../src/remote/ssh-route.ts'
import { makeKey, noSshd, type OpenSsh, startOpenSsh } from './openssh.ts'

const hello = reads('say hello', ['echo', 'hello'])

async function server(...extra: string[]): Promise<OpenSsh> {
  const sshd = await startOpenSsh(extra)
  onTestFinished(() => sshd.stop())
  return sshd
}

function door(target: SshTarget) {
  const remote = openSsh(target)
  onTestFinished(() => remote.close())
  return remote
}

/** `ssh-keygen -s`: a certificate beside the key, for the user who runs the test. */
function certify(ca: string, key: string): void {
  const principal = userInfo().username
  execFileSync('ssh-keygen', ['-q', '-s', ca, '-I', 'operator', '-n', principal, `${key}.pub`])
}

/** A key of a FIDO token, as `ssh-keygen -t ed25519-sk` writes its handle (PROTOCOL.key, PROTOCOL.u2f). */
function fidoKey(file: string): string {
  const type = 'sk-ssh-ed25519@openssh.com'
  const number = (value: number) => {
    const bytes = Buffer.alloc(4)
    bytes.writeUInt32BE(value)
    return bytes
  }
  const text = (value: string | Buffer) => Buffer.concat([number(value.length), Buffer.from(value)])
  const point = text(Buffer.alloc(32, 7))
  const own = [
    number(1),
    number(1),
    text(type),
    point,
    text('ssh:'),
    Buffer.from([1]),
    text('handle'),
    text(''),
  ]
  let secret = Buffer.concat([...own, text('token')])
  for (let pad = 1; secret.length % 8 !== 0; pad += 1) secret = Buffer.concat([secret, Buffer.from([pad])])
  const head = [Buffer.from('openssh-key-v1\0'), text('none'), text('none'), text(''), number(1)]
  const whole = Buffer.concat([...head, text(Buffer.concat([text(type), point, text('ssh:')])), text(secret)])
  const lines = whole.toString('base64').replace(/.{70}/g, '$&\n')
  writeFileSync(file, `-----BEGIN OPENSSH PRIVATE KEY-----\n${lines}\n-----END OPENSSH PRIVATE KEY-----\n`, {
    mode: 0o600,
  })
  return file
}

describe.skipIf(noSshd !== undefined)(`logins${noSshd === undefined ? '' : ` (${noSshd})`}`, () => {
  test('an included configuration leads over a jump host, hashed and port-qualified known_hosts checked at each hop', async () => {
    const [jump, last] = [await server(), await server()]
    const known = join(last.dir, 'all_known_hosts')
    const lines = [jump, last].map(({ dir }) => readFileSync(join(dir, 'known_hosts'), 'utf8'))
    writeFileSync(known, lines.join(''))
    execFileSync('ssh-keygen', ['-q', '-H', '-f', known], { stdio: 'ignore' })
    expect(readFileSync(known, 'utf8')).not.toContain('127.0.0.1')
    const included = join(last.dir, 'included')
    const block = (name: string, { target }: OpenSsh, more = '') =>
      `Host ${name}\n  HostName 127.0.0.1\n  Port ${target.port}\n  IdentityFile ${target.identityFiles?.[0]}\n  IdentitiesOnly yes\n  UserKnownHostsFile ${known}\n${more}`
    writeFileSync(included, block('last', last) + block('door', jump))
    const configFile = join(last.dir, 'config')
    // What the runbook names decides which Match holds.
    const user = userInfo().username
    writeFileSync(configFile, `Include ${included}\nMatch originalhost last user ${user}\n  ProxyJump door\n`)

    const target = await sshRoute({ host: 'last', user }, { name: 'node-1', configFile })
    expect(target.through).toMatchObject({ port: jump.target.port })
    expect(await door(target).run(hello)).toMatchObject({ stdout: 'hello\n' })

    // The key of the hop is revoked: nothing goes over it, whatever the last host shows.
    const key = readFileSync(`${jump.hostKeyFile}.pub`, 'utf8').split(' ').slice(0, 2).join(' ')
    appendFileSync(known, `@revoked * ${key}\n`)
    await expect(door(target).run(hello)).rejects.toMatchObject({
      kind: 'hostKey',
      message: expect.stringMatching(/host key of door, the way to node-1 .* is revoked/),
    })
  })

  test('a server that knows only certificates: the certificate is named, and the way round', async () => {
    const ca = makeKey(join((await server()).dir, 'ca'))
    const sshd = await server(`TrustedUserCAKeys ${ca}.pub`)
    const key = makeKey(join(sshd.dir, 'certified'))
    certify(ca, key)
    const says = (what: RegExp) => ({
      kind: 'refused',
      message: expect.stringMatching(what),
      hint: expect.stringContaining('make a plain key for the migration: ssh-keygen -t ed25519'),
    })
    await expect(door({ ...sshd.target, identityFiles: [key] }).run(hello)).rejects.toMatchObject(
      says(/the certificate \S+certified-cert\.pub \(not usable by evha\)/),
    )

    const agent = join(sshd.dir, 'agent')
    const pid = /SSH_AGENT_PID=(\d+)/.exec(
      execFileSync('ssh-agent', ['-a', agent], { encoding: 'utf8' }),
    )?.[1]
    onTestFinished(() => void process.kill(Number(pid)))
    execFileSync('ssh-add', ['-q', key], { env: { ...process.env, SSH_AUTH_SOCK: agent }, stdio: 'ignore' })
    await expect(door({ ...sshd.target, identityFiles: [], agent }).run(hello)).rejects.toMatchObject(
      says(/an SSH certificate in ssh-agent \(not usable by evha\)/),
    )
  })

  test('a FIDO key is named, and the way round', async () => {
    const sshd = await server()
    const key = fidoKey(join(sshd.dir, 'id_ed25519_sk'))
    // ssh itself takes the file for one.
    expect(execFileSync('ssh-keygen', ['-y', '-f', key], { encoding: 'utf8' })).toMatch(/^sk-ssh-ed25519/)
    await expect(door({ ...sshd.target, identityFiles: [key] }).run(hello)).rejects.toMatchObject({
      kind: 'refused',
      message: expect.stringContaining(`a FIDO key in ${key} (not usable by evha)`),
      hint: expect.stringContaining('make a plain key for the migration'),
    })
  })

  test('a server that speaks post-quantum key exchange alone is named, and the way round', async () => {
    const sshd = await server('KexAlgorithms sntrup761x25519-sha512@openssh.com')
    await expect(door(sshd.target).run(hello)).rejects.toMatchObject({
      kind: 'refused',
      message: expect.stringContaining('no common algorithm'),
      hint: expect.stringMatching(/post-quantum key exchange.*add curve25519-sha256 to KexAlgorithms/),
    })
  })

  test('a server known by its certificate authority alone: the line that makes its own key known', async () => {
    const sshd = await server()
    const ca = makeKey(join(sshd.dir, 'ca'))
    const known = join(sshd.dir, 'ca_known_hosts')
    writeFileSync(known, `@cert-authority * ${readFileSync(`${ca}.pub`, 'utf8')}`)
    await expect(door({ ...sshd.target, knownHostsFiles: [known] }).run(hello)).rejects.toMatchObject({
      kind: 'hostKey',
      message: expect.stringContaining('evha cannot check @cert-authority lines'),
      hint: expect.stringContaining(`then add to ${known}: [127.0.0.1]:${sshd.target.port} ssh-ed25519 `),
    })
  })
})
