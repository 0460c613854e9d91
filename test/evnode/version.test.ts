import { expect, test } from 'vitest'
import { readVersion, versionProblem } from '../../src/evnode/version.ts'

// As the node prints it, line ends taken for blanks; the first two are from its source and its build.
const real = ' evolve version:  v1.2.3 evolve git sha:  74eccbac '
const unstamped =
  'Error: git SHA not set Usage:   testapp version [flags]  Flags:   -h, --help   help for version  '

test.each([
  [real, 'v1.2.3'],
  ['evolve version:  v1.2.3-1-g74eccbac', 'v1.2.3-1-g74eccbac'],
  ['evolve version:  1.10.0', '1.10.0'],
])('%s is a release', (said, text) => {
  expect(readVersion(said)).toMatchObject({ kind: 'release', text })
})

test.each([unstamped, '', 'exec format error', 'glibc 2.36.1 not found', 'evolve version: HEAD'])(
  '%j tells no version: a warning, for the digest is compared anyway',
  (said) => {
    expect(versionProblem(said)).toMatchObject({
      blocks: false,
      problem: expect.stringContaining('not tell'),
    })
  },
)

test.each([
  ['v0.9.9', true],
  ['v1.0.12', true],
  ['v1.1.0', true],
  ['v1.1.1', false],
  ['v1.2.2', false],
])('%s is told, and blocks: %s', (version, blocks) => {
  expect(versionProblem(`evolve version: ${version}`)).toMatchObject({
    blocks,
    problem: `the binary is ${version}`,
  })
})

test.each(['v1.2.3', 'v1.2.10', 'v1.10.0', 'v2.0.0'])('nothing is said against %s', (version) => {
  expect(versionProblem(`evolve version: ${version}`)).toBeNull()
})
