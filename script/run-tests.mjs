// Runs vitest and ends with the one line CI reads: `N passed, N failed, N skipped`.
// `run-tests.mjs ARGS --then ARGS` runs vitest twice, one after the other, and counts both; and so on.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { stripVTControlCharacters } from 'node:util'

const shownEnd = 800
const dir = mkdtempSync(join(tmpdir(), 'evha-test-'))
const vitest = join('node_modules', 'vitest', 'vitest.mjs')
const args = process.argv.slice(2)
const groups = [[]]
for (const arg of args) {
  if (arg === '--then') groups.push([])
  else groups.at(-1).push(arg)
}

function run(group, k) {
  const results = join(dir, `results-${k}.json`)
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${results}`]
  const { status } = spawnSync(process.execPath, [vitest, 'run', ...reporters, ...group], {
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  return { ...seenIn(results), status }
}

function seenIn(results) {
  try {
    return JSON.parse(readFileSync(results, 'utf8'))
  } catch {
    process.stdout.write('the test runner wrote no results\n')
    return { numPassedTests: 0, numFailedTests: 0, numPendingTests: 0, testResults: [] }
  }
}

/** Both ends of what a test said: what it names first, and what was expected. */
function whyOf(messages) {
  const lines = stripVTControlCharacters(messages.join('\n')).split('\n')
  const own = lines.filter((line) => !/^ +at .*(node_modules|node:internal)/.test(line)).join('\n')
  return own.length <= 2 * shownEnd ? own : `${own.slice(0, shownEnd)}\n[…]\n${own.slice(-shownEnd)}`
}

/** The failed tests once more, where the eye is when all is over: of a long output, often the end alone is kept. */
function tellFailed(one) {
  for (const file of one.testResults) {
    const tests = file.assertionResults.filter(({ status }) => status === 'failed')
    if (file.status === 'failed' && tests.length === 0) tests.push({ failureMessages: [file.message] })
    for (const { fullName = 'did not load', failureMessages } of tests) {
      process.stdout.write(`\nfailed: ${relative('.', file.name)}: ${fullName}\n${whyOf(failureMessages)}\n`)
    }
  }
}

const all = groups.map(run)
for (const one of all) tellFailed(one)
rmSync(dir, { recursive: true, force: true })
const sum = (of) => all.reduce((total, one) => total + of(one), 0)
const passed = sum((one) => one.numPassedTests)
// A test file that does not load has no failed test in it, and must not pass for that.
const failed = sum((one) => Math.max(one.numFailedTests, one.status === 0 ? 0 : 1))
const pending = sum((one) => one.numPendingTests)
const skipped = pending > 0 ? `, ${pending} skipped` : ''
process.stdout.write(`${passed} passed, ${failed} failed${skipped}\n`)
process.exit(failed === 0 && passed > 0 ? 0 : 1)
