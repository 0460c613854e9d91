#!/usr/bin/env node
import { runCommandLine, surprised } from './command-line.ts'
import { outliveReaders, written } from './output.ts'

const argv = process.argv.slice(2)
outliveReaders()
process.on('uncaughtException', (error) => process.exit(surprised(error, argv)))
const exitCode = await runCommandLine(argv)
await written()
process.exit(exitCode)
