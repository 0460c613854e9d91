import { openLog } from '../../src/journal/log.ts'

// Writes fifty lines and is gone before anything could be flushed.
const log = openLog(process.argv[2] ?? '')
for (let number = 0; number < 50; number += 1) log.note(`line ${number}`)
process.kill(process.pid, 'SIGKILL')
