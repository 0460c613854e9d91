import { expect, test } from 'vitest'
import { askLines, gateLines } from '../../src/ui/gate-text.ts'

const question = {
  gate: 'cutover' as const,
  chain: 'lab-chain',
  evidence: [
    ['head', '48213  0x9f3c…a1  by node-1'],
    ['window', 'predicted 5.1 s (p95 6.8 s), budget 30 s'],
    ['', 'stop 0.9 s (measured), sync 0.3 s (measured), last start to first block 3.4 s (measured)'],
  ] as const,
  irreversible: 'the chain stops; until commit every failure brings the old sequencer back by itself',
}

test('a gate shows what, evidence, what becomes irreversible, what to type', () => {
  expect([...gateLines(question, 80), ...askLines('cutover', 80)].join('\n')).toBe(`
  Ready to cut over  lab-chain

  head    48213  0x9f3c…a1  by node-1
  window  predicted 5.1 s (p95 6.8 s), budget 30 s
          stop 0.9 s (measured), sync 0.3 s (measured), last start to first
          block 3.4 s (measured)

  by approving  the chain stops; until commit every failure brings the old
                sequencer back by itself

  Type the chain id to stop the sequencer and go on, or press Enter to leave it
  waiting.`)
})

test.each(['cutover', 'commit', 'rollback', 'finish'] as const)(
  '%s fits the screen and says what to type',
  (gate) => {
    const lines = [...gateLines({ ...question, gate }, 80), ...askLines(gate, 80)]
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80)
    expect(lines.join(' ')).toContain('Type the chain id')
  },
)

test('evidence can not move the cursor over the question', () => {
  const lines = gateLines({ ...question, evidence: [['head', '1\u001b[1A\u001b[2K']] }, 80)
  expect(lines.join('\n')).not.toContain('\u001b')
})
