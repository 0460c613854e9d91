import { createRun } from '../../src/journal/runs.ts'
import { header } from './header.ts'

// Begins a run, unless it is killed on the way.
createRun(process.argv[2] ?? '', header, 'version: 1\n')
