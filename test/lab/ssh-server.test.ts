import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import ssh2 from 'ssh2'
import { expect, onTestFinished, test } from 'vitest'
import { startSshServer } from '../../src/lab/ssh-server.ts'
import { ownAddress } from './own-address.ts'

const keyOf = () => ssh2.utils.generateKeyPairSync('ed25519')

/** A shell on a host of its own, that has said it is there. */
async function shellOn(dir: string) {
  const [hostKey, operator] = [keyOf(), keyOf()]
  const host = ownAddress()
  const port = 22_022
  const server = await startSshServer({
    host,
    port,
    hostKey: hostKey.private,
    operatorKey: operator.public,
    env: { PATH: process.env['PATH'] ?? '' },
    cwd: dir,
    rttMs: 0,
  })
  onTestFinished(() => server.close())
  const client = new ssh2.Client()
  onTestFinished(() => void client.end())
  client.on('error', () => undefined)
  await new Promise<void>((resolve) =>
    client.on('ready', resolve).connect({ host, port, username: 'root', privateKey: operator.private }),
  )
  const shell = await new Promise<ssh2.ClientChannel>((resolve, reject) =>
    client.exec('sh', (error, channel) => (error ? reject(error) : resolve(channel))),
  )
  shell.write('echo here\n')
  await new Promise((resolve) => shell.once('data', resolve))
  return { server, client, shell }
}

test('what is sent in the very moment after the links were dropped is not run, and what runs goes on', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'evha-ssh-'))
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
  const { server, client, shell } = await shellOn(dir)
  shell.write('(sleep 0.5; touch goes-on) &\necho begun\n')
  await new Promise((resolve) => shell.once('data', resolve))
  const closed = new Promise<void>((resolve) => client.on('close', resolve))
  server.dropLinks()
  shell.write('touch too-late\n')
  await closed
  while (!existsSync(join(dir, 'goes-on'))) await pause(20)
  expect(existsSync(join(dir, 'too-late'))).toBe(false)
})
