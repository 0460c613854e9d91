import { expect, test } from 'vitest'
import { databaseDirs, lockDirOf, offlineHeightArgv, readOfflineHeight } from '../../src/evnode/store.ts'
import { fixture } from './fixture.ts'

const lastLine = (name: string) =>
  fixture('errors.tsv')
    .split('\n')
    .find((line) => line.startsWith(name))
    ?.split('\t')[2] ?? ''

test('the test application has two databases, the EVM application one', () => {
  const place = { home: '/var/lib/ev-node', dbPath: 'data', db: 'testapp' }
  expect(databaseDirs(place)).toEqual(['/var/lib/ev-node/data/testapp', '/var/lib/ev-node/data/executor'])
  expect(lockDirOf(place)).toBe('/var/lib/ev-node/data/testapp')
  expect(databaseDirs({ ...place, dbPath: '/srv/db/', db: 'evm-single' })).toEqual(['/srv/db/evm-single'])
})

test('the question for the height is a rollback that can not succeed', () => {
  expect(offlineHeightArgv({ binary: '/usr/bin/testapp', home: '/h' })).toEqual([
    '/usr/bin/testapp',
    'rollback',
    '--home',
    '/h',
    '--height',
    '18446744073709551615',
  ])
})

test('recorded answers of a stopped and of a running node', () => {
  expect(readOfflineHeight(lastLine('offline height (rollback'))).toEqual({ kind: 'height', height: 39 })
  expect(readOfflineHeight(`Usage:\n${lastLine('offline height (rollback')}\n`)).toEqual({
    kind: 'height',
    height: 39,
  })
  expect(readOfflineHeight(lastLine('offline height while running'))).toEqual({ kind: 'locked' })
})

test.each([
  ['', 'it said nothing'],
  ['Error: x\nno such command\n', 'no such command'],
  ['current height 39 is already less than or equal to rollback height 5', /rollback height 5/],
  [
    'current height 99999999999999999999 is already less than or equal to rollback height 18446744073709551615',
    /./,
  ],
])('%j is unreadable, never a height', (output, said) => {
  expect(readOfflineHeight(output)).toEqual({ kind: 'unreadable', said: expect.stringMatching(said) })
})
