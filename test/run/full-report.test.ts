import { expect, test } from 'vitest'
import { openLog } from '../../src/journal/log.ts'
import { createRun } from '../../src/journal/runs.ts'
import { fullReportOf } from '../../src/run/full-report.ts'
import type { Facts } from '../../src/steps/facts.ts'
import { reportPage } from '../../src/ui/report-html.ts'
import { reportText } from '../../src/ui/report-text.ts'
import { runbookOn } from '../cli/runbook.ts'
import { header } from '../journal/header.ts'
import { scratch } from '../journal/scratch.ts'
import { elementsOf } from '../ui/well-formed.ts'

const found = (said: string): Facts['check'] => ({
  chainId: said,
  initialHeight: 1,
  head: 7,
  proposerAddress: said,
  daAddress: said,
  daNamespace: said,
  blockTimeMs: 1_000,
  settingsSha256: 'dd',
  binarySha256: 'ab'.repeat(32),
  genesisSha256: 'cd'.repeat(32),
  dataBytes: 1,
  sourceConfigSha256: '',
  sourceUnitSha256: '',
  sourceUnitFile: '',
  sourceDropIns: [],
  user: '',
  passphraseFile: '',
  rttMaxMs: null,
  standIn: true,
})

/** A run on the disk that died in its second step, with what the hosts said in journal and log. */
function diedEarly(said: string): string {
  const stateDir = scratch()
  const { files, journal } = createRun(stateDir, header, runbookOn(22, stateDir))
  const log = openLog(files.log)
  journal.append({ type: 'intent', step: 'check', attempt: 1, key: 'k' })
  log.command({ host: 'node-2', says: said, text: `sh -c '${said}'`, mutates: false, durationMs: 1, exit: 0 })
  journal.append({ type: 'outcome', step: 'check', attempt: 1, ok: true, output: found(said) })
  journal.append({ type: 'heights', nodes: { 'node-1': [[Date.now(), 7]] } })
  journal.append({ type: 'intent', step: 'preparePeers', attempt: 1, key: 'k' })
  const failure = {
    kind: 'failed',
    message: said,
    changedAnything: 'yes',
    retryable: true,
    hint: said,
  } as const
  journal.append({ type: 'outcome', step: 'preparePeers', attempt: 1, ok: false, failure })
  log.close()
  journal.close()
  return stateDir
}

test('from journal and log alone: steps, heights, and each command in its step', () => {
  const full = fullReportOf(diedEarly('disk full'))
  expect(full).toMatchObject({ finished: false, running: false, window: null })
  expect(full.report.steps.map((step) => [step.state, step.ok])).toEqual([
    ['check', true],
    ['preparePeers', false],
  ])
  expect(full.heights.map((one) => [one.node, one.points.map(([, height]) => height)])).toEqual([
    ['node-1', [7]],
    ['node-2', []],
    ['node-3', []],
  ])
  expect(full.ran).toMatchObject({ commands: [{ host: 'node-2', exit: 0 }], missing: null })
  const page = reportPage(full)
  elementsOf(page)
  expect(page).toContain('This run is not finished.')
  expect(page).toContain('<summary>check: looking at every host; nothing is changed (1)</summary>')
})

const secrets = [
  ['a key file', '{"priv_key":"c2VjcmV0LWNhbmFyeQ=="}', 'c2VjcmV0LWNhbmFyeQ'],
  ['a passphrase in a flag', 'testapp --evnode.signer.passphrase=canary-9f8e', 'canary-9f8e'],
  ['a flag and its value', 'testapp --evnode.signer.passphrase canary-9f8e', 'canary-9f8e'],
  ['a setting', 'passphrase: canary-9f8e', 'canary-9f8e'],
  ['a token', 'Authorization: Bearer canary-9f8e7d6c', 'canary-9f8e7d6c'],
  ['a JWT', 'token eyJhbGciOiJI.eyJzdWIiOiIx.c2ln', 'eyJzdWIiOiIx'],
  ['an address with a password', 'http://ops:canary-9f8e@192.0.2.1/', 'canary-9f8e'],
  [
    'a PEM key',
    '-----BEGIN OPENSSH PRIVATE KEY-----\ncanary9f8e\n-----END OPENSSH PRIVATE KEY-----',
    'canary9f8e',
  ],
] as const

test.each(secrets)('%s that got into journal and log does not get into a report', (_name, said, secret) => {
  const full = fullReportOf(diedEarly(said))
  for (const text of [reportPage(full), reportText(full)]) {
    expect(text).not.toContain(secret)
    expect(text).toContain('[redacted]')
  }
})

test('digests, paths and the names of options are no secrets', () => {
  const said = `--evnode.signer.passphrase_file=/etc/ev-node/passphrase ${'ab'.repeat(32)}`
  const page = reportPage(fullReportOf(diedEarly(said)))
  expect(page).toContain(said)
})

test('a log that is gone is said, and the rest is told', () => {
  const stateDir = scratch()
  createRun(stateDir, header, runbookOn(22, stateDir)).journal.close()
  const full = fullReportOf(stateDir)
  expect(full.ran.missing).toMatch(/evha\.log is not there any more$/)
  expect(reportPage(full)).toContain('Not all of them: the log ')
})
