#!/usr/bin/env node
import { setFlagsFromString } from 'node:v8'

// What lives shortly is swept often instead of let grow, and the rest at half as much again instead of at twice or four
// times: evha waits most of the time, and answers of a node or DA may have megabytes. Said before its own modules are
// loaded, which make more garbage than all that follows.
setFlagsFromString('--semi-space-growth-factor=1')
setFlagsFromString('--heap-growing-percent=50')
const { runCommandLine, surprised } = await import('./command-line.ts')
const { outliveReaders, written } = await import('./output.ts')

const argv = process.argv.slice(2)
outliveReaders()
process.on('uncaughtException', (error) => process.exit(surprised(error, argv)))
const exitCode = await runCommandLine(argv)
await written()
process.exit(exitCode)
