// Runs vitest and ends with the one line CI reads: `N passed, N failed, N skipped`.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const dir = mkdtempSync(join(tmpdir(), 'evha-test-'))
const results = join(dir, 'results.json')
const vitest = join('node_modules', 'vitest', 'vitest.mjs')
const run = spawnSync(
  process.execPath,
  [
    vitest,
    'run',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${results}`,
    ...process.argv.slice(2),
  ],
  { stdio: ['ignore', 'inherit', 'inherit'] },
)
let seen = { numPassedTests: 0, numFailedTests: 0, numPendingTests: 0, numFailedTestSuites: 1 }
try {
  seen = JSON.parse(readFileSync(results, 'utf8'))
} catch {
  process.stdout.write('the test runner wrote no results\n')
}
rmSync(dir, { recursive: true, force: true })
// A test file that does not load has no failed test in it, and must not pass for that.
const failed = Math.max(seen.numFailedTests, run.status === 0 ? 0 : 1)
const skipped = seen.numPendingTests > 0 ? `, ${seen.numPendingTests} skipped` : ''
process.stdout.write(`${seen.numPassedTests} passed, ${failed} failed${skipped}\n`)
process.exit(failed === 0 && seen.numPassedTests > 0 ? 0 : 1)
