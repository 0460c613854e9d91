#!/usr/bin/env node
// The stand-in node of evha's lab, as the application that drives an execution client. It is not the real node.
import { commandLine } from './command-line.ts'

process.exit(await commandLine('evm', process.argv.slice(2)))
