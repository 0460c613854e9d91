// What the old sequencer of a lab does, seen from outside of evha: by what it has signed.
import { spawn } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { signedHeaders } from '../../src/lab/witness.ts'
import { type Ended, outputOf } from '../output-of.ts'
import { confirm, evhaTimeoutMs, type Lab, pause } from './lab.ts'

const lookMs = 50

/** The last height that a host has signed; 0 before the first. */
export function lastSigned(lab: Lab, host = 'node-1'): number {
  return Math.max(0, ...signedHeaders(lab.root).flatMap((one) => (one.host === host ? [one.height] : [])))
}

/** Waits until the host signs a block it has not signed yet: how long that took, ms; null when it did not. */
export const nextBlockOf = (lab: Lab, host: string, withinMs: number): Promise<number | null> =>
  nextAbove(() => lastSigned(lab, host), withinMs)

/** The same of the chain, whoever signs: which member of a cluster leads is chance. */
export const nextBlock = (lab: Lab, withinMs: number): Promise<number | null> =>
  nextAbove(() => Math.max(...lab.hosts.map(({ name }) => lastSigned(lab, name))), withinMs)

async function nextAbove(height: () => number, withinMs: number): Promise<number | null> {
  const startedMs = performance.now()
  const before = height()
  while (height() <= before) {
    if (performance.now() - startedMs > withinMs) return null
    await pause(lookMs)
  }
  return Math.round(performance.now() - startedMs)
}

/** The runbook's window with other figures, so that a test need not wait for the usual ones. */
export function setWindow(lab: Lab, window: Readonly<Record<string, number>>): void {
  const text = readFileSync(lab.runbook, 'utf8')
  const lines = Object.entries(window).map(([key, value]) => `  ${key}: ${value}\n`)
  const without = Object.keys(window).reduce(
    (rest, key) => rest.replace(new RegExp(`^  ${key}: .*\\n`, 'm'), ''),
    text,
  )
  writeFileSync(
    lab.runbook,
    without.replace(/^window:\n/m, (line) => `${line}${lines.join('')}`),
  )
}

/** evha as built, that kills itself with SIGKILL when it comes to a named place. */
export function killedAt(place: string, lab: Lab, ...args: string[]): Promise<Ended> {
  const main = join(import.meta.dirname, '..', '..', 'dist', 'cli', 'main.js')
  const all = [...args, '--json', '--state-dir', lab.stateDir, ...confirm(lab, 'cutover', 'commit')]
  return outputOf(
    spawn(process.execPath, [main, ...all], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, EVHA_CRASH_AT: place },
    }),
    { timeoutMs: evhaTimeoutMs },
  )
}

/** The unit of a host as systemd shows it: `PROPERTY=VALUE` lines. */
export const shownOf = async (lab: Lab, host: string, properties: string, unit = 'ev-node.service') =>
  (await lab.on(host, `systemctl show ${unit} --property=${properties}`)).stdout
