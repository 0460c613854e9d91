import { replaceFile } from '../../src/journal/write-file.ts'

// Replaces one file over and over, until it is killed or a minute's worth of times.
const [path = ''] = process.argv.slice(2)
for (let number = 0; number < 100_000; number += 1) replaceFile(path, Array(20_000).fill(number).join(','))
