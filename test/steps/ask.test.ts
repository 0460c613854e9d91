import { expect, test } from 'vitest'
import { recording } from '../../src/remote/recording.ts'
import { mend, whyIn } from '../../src/steps/ask.ts'
import type { Host } from '../../src/steps/step.ts'
import { nodeIn } from './host/locally.ts'

const host: Host = { spec: nodeIn('/d'), remote: recording('node-1') }

test('the line that tells why is taken, not the last word of tar', () => {
  const full = `tar: ./testapp/000001.vlog: Cannot write: No space left on device
tar: Exiting with failure status due to previous errors
`
  expect(whyIn(full)).toBe('tar: ./testapp/000001.vlog: Cannot write: No space left on device')
  expect(whyIn('one\ntwo\n')).toBe('two')
  expect(whyIn('')).toBe('')
  expect(mend(whyIn(full), host)).toBe('make room on node-1: df -h')
})

test('a disk that can not be written has a cure of its own, everything else is the host to say', () => {
  expect(mend('mkdir: Read-only file system', host)).toContain('findmnt -O ro')
  expect(mend('Permission denied', host)).toBe('mend what the host says')
})
