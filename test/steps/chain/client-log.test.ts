import { expect, test } from 'vitest'
import { readLog } from '../../../src/evnode/logs.ts'
import { replayedIn } from '../../../src/steps/chain/client-log.ts'

const line = (seconds: number, message: string, fields: object) =>
  JSON.stringify({ level: 'info', time: `2026-11-25T10:00:0${seconds}Z`, message, ...fields })
const behind = line(1, 'execution layer is behind, syncing blocks', {
  exec_layer_height: 100,
  target_height: 110,
})
const caughtUp = line(4, 'successfully synced execution layer', { synced_blocks: 10 })

test('what was replayed is told with the time between its two lines, where both are there and dated', () => {
  expect(replayedIn(readLog(`${behind}\n${caughtUp}`))).toEqual({ blocks: 10, tookMs: 3_000 })
  expect(replayedIn(readLog(behind))).toBeNull()
  expect(replayedIn(readLog(line(1, 'execution layer is in sync', {})))).toBeNull()
  const undated =
    '10:00AM INF execution layer is behind, syncing blocks exec_layer_height=100 target_height=105\n10:00AM INF successfully synced execution layer synced_blocks=5'
  expect(replayedIn(readLog(undated))).toBeNull()
})
