import { writeSync } from 'node:fs'
import { openJournal } from '../../src/journal/journal.ts'

// Appends records until it is killed or has COUNT; the number of each goes to stdout once it is said to be durable.
const [dir = '', count = '1', size = '10'] = process.argv.slice(2)
const journal = openJournal(dir)
for (let number = 0; number < Number(count); number += 1) {
  const { seq } = journal.append({ type: 'note', text: 'x'.repeat(Number(size)), data: { number } })
  writeSync(1, `${seq}\n`)
}
