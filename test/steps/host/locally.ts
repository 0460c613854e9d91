import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { Command } from '../../../src/base/command.ts'
import { Secret } from '../../../src/base/secret.ts'
import { render } from '../../../src/remote/render.ts'
import type { NodeSpec } from '../../../src/runbook/load.ts'
import { runbookFromText } from '../../../src/runbook/load.ts'

/** Runs a command of a step here, through a real shell, as the login shell of a host would. */
export function locally(command: Command, shell: 'dash' | 'bash' = 'dash') {
  const { stdin } = command
  const ended = spawnSync(shell, ['-c', render(command)], {
    input: stdin instanceof Secret ? stdin.reveal() : stdin,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  })
  return { code: ended.status, stdout: ended.stdout, stderr: ended.stderr }
}

/** A directory for one test. */
export function scratch(): string {
  const dir = mkdtempSync(join(tmpdir(), 'evha-steps-'))
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
  return dir
}

/** A node whose every path lies in the directory. */
export function nodeIn(dir: string): NodeSpec {
  const node = (k: number) => `  - { name: node-${k}, ssh: root@127.0.0.1${k}, address: 127.0.0.1${k} }`
  const text = `version: 1
chain: demo
node:
  binary: ${dir}/bin/node
  home: ${dir}/home
  db: testapp
  paths: { units: ${dir}/units, evha: ${dir}/evha, run: ${dir}/run }
nodes:
${[1, 2, 3].map(node).join('\n')}
source: node-1
`
  return runbookFromText(text, 'test').source
}
