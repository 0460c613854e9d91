#!/usr/bin/env node
import { runCommandLine } from './program.ts'

process.exit(await runCommandLine(process.argv))
