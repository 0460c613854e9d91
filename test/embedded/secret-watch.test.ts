import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, expect, test, vi } from 'vitest'
import { hostFiles, type LabInfo, labFiles } from '../../src/lab/layout.ts'
import { SecretWatch } from './secret-watch.ts'

// The search that ends every test on a lab must itself be able to fail. Here secrets are left on purpose.

const dirs: string[] = []
afterEach(() => {
  for (const dir of dirs.splice(0)) rmSync(dir, { recursive: true, force: true })
})

const passphrase = 'canary-passphrase-0123456789'
const privateKey = 'Y2FuYXJ5LXByaXZhdGUta2V5LTAxMjM0NTY3ODk='
const sshLine = 'b3BlbnNzaC1jYW5hcnkta2V5LWxpbmUtMDEyMzQ1Njc4OQ'

/** The files of a lab with one host, and no process. */
function ground(): { lab: LabInfo; host: string } {
  const stateDir = mkdtempSync(join(tmpdir(), 'evha-secrets-'))
  dirs.push(stateDir)
  const host = join(labFiles(stateDir).root, 'node-1')
  const at = hostFiles(host)
  const identityFile = join(labFiles(stateDir).ssh, 'operator_key')
  write(labFiles(stateDir).log, 'the lab is up\n')
  write(at.passphrase, passphrase)
  write(
    join(at.home, 'config', 'signer.json'),
    JSON.stringify({ priv_key_encrypted: privateKey, pub_key: 'public' }),
  )
  write(identityFile, `-----BEGIN\n${sshLine}\n${sshLine}\n-----END\n`)
  const lab = {
    stateDir,
    hosts: [{ name: 'node-1', dir: host, ssh: { identityFile } }],
  } as unknown as LabInfo
  return { lab, host }
}

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
}

test('secrets in their own places are no leak', () => {
  expect(new SecretWatch(ground().lab).end()).toEqual([])
})

test.each([
  ['a passphrase in a journal', 'runs/r/journal.jsonl', passphrase, 'the passphrase in runs/r/journal.jsonl'],
  ['a private key in a temporary file', 'lab/hosts/node-1/tmp/x', privateKey, 'the private key of node-1'],
  ['an SSH key in a log', 'runs/r/evha.log', sshLine, "the operator's SSH key in runs/r/evha.log"],
])('%s is found', (_name, path, secret, told) => {
  const { lab } = ground()
  const watch = new SecretWatch(lab)
  write(join(lab.stateDir, path), `before ${secret} after`)
  expect(watch.end().join('\n')).toContain(told)
})

test('a passphrase that was printed is found', () => {
  const watch = new SecretWatch(ground().lab)
  watch.heard('what evha check printed', `it is ${passphrase}`)
  expect(watch.end()).toEqual(['the passphrase in what evha check printed'])
})

test.each([
  ['arguments', ['60', passphrase], {}],
  ['environment', ['60'], { SECRET: passphrase }],
])('a passphrase in the %s of a process is found', async (_name, args, env) => {
  const watch = new SecretWatch(ground().lab)
  const child = spawn('sh', ['-c', 'read -r line', ...args], {
    env: { ...process.env, ...env },
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  await once(child, 'spawn')
  try {
    expect(watch.end().join('\n')).toContain('the passphrase in the')
  } finally {
    child.stdin?.end()
    await once(child, 'close')
  }
})

test('a process that came and went while several labs were watched is found by each', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  try {
    const watches = [new SecretWatch(ground().lab), new SecretWatch(ground().lab)]
    const child = spawn('sh', ['-c', 'read -r line', '60', passphrase], {
      stdio: ['pipe', 'ignore', 'ignore'],
    })
    await once(child, 'spawn')
    vi.advanceTimersByTime(1_000)
    child.stdin?.end()
    await once(child, 'close')
    for (const watch of watches) expect(watch.end().join('\n')).toContain('the passphrase in the cmdline')
    expect(vi.getTimerCount()).toBe(0)
  } finally {
    vi.useRealTimers()
  }
})
