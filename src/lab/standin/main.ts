#!/usr/bin/env node
// The stand-in node of evha's lab, as the test application. It is not the real node.
import { commandLine } from './command-line.ts'

process.exit(await commandLine('testapp', process.argv.slice(2)))
