import { expect, test } from 'vitest'
import { sentReader } from '../../../src/steps/host/direct-stream.ts'

test('what the source says is read in whatever pieces it comes', () => {
  const text = `bytes 4096
bytes 8192
to node-2 0 
to node-3 255 ops@10.0.0.3: Permission denied (publickey).
to node-4 7
nonsense
to node-5 0 half a li`
  for (const size of [1, 3, 7, text.length]) {
    const heard: number[] = []
    const sent = sentReader((bytes) => heard.push(bytes))
    for (let at = 0; at < text.length; at += size) sent.add(text.slice(at, at + size))
    expect(heard).toEqual([4096, 8192])
    expect([...sent.arrivals]).toEqual([
      ['node-2', { exitCode: 0, why: '' }],
      ['node-3', { exitCode: 255, why: 'ops@10.0.0.3: Permission denied (publickey).' }],
      ['node-4', { exitCode: 7, why: '' }],
    ])
  }
})
