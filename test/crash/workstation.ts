// A workstation that something befalls: drives a run in a process of its own, over real SSH, and is struck at points of it.
// What can not be made to happen at a named point from outside is made in here: no flag of evha can.
import { readFileSync } from 'node:fs'
import { failureOf } from '../../src/base/errors.ts'
import { audited } from '../../src/remote/audit.ts'
import { retrying } from '../../src/remote/retry.ts'
import { openSsh } from '../../src/remote/ssh.ts'
import { sshRoute } from '../../src/remote/ssh-route.ts'
import { adoptRun } from '../../src/run/adopt.ts'
import type { DriveOptions } from '../../src/run/api.ts'
import { abortRun, resumeRun, rollbackRun, startRun } from '../../src/run/drive.ts'
import { realWorld } from '../../src/run/world.ts'
import { silentObserver } from '../run/silent-observer.ts'
import { Befalling } from './befalling.ts'
import type { Plan } from './plan.ts'
import { struckDisk } from './struck-disk.ts'
import { struckDoor } from './struck-door.ts'

const plan = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as Plan
const befalling = new Befalling(plan)
struckDisk(befalling)

const options: DriveOptions = {
  stateDir: plan.stateDir,
  confirms: new Map(plan.confirms.map((gate) => [gate, plan.chain])),
  approver: { ask: () => Promise.resolve(plan.answer) },
  observer: { ...silentObserver, entered: ({ path }) => befalling.enters(path) },
  world: {
    ...realWorld,
    openHosts: ({ nodes }, note) =>
      Promise.all(
        nodes.map(async (spec) => {
          const ssh = openSsh(await sshRoute(spec.ssh, { name: spec.name }))
          return { spec, remote: retrying(audited(struckDoor(ssh, befalling), note)) }
        }),
      ),
  },
  stopNow: new AbortController().signal,
  stopSoon: () => false,
}

const verbs = {
  migrate: () => startRun(plan.runbook, options),
  resume: () => resumeRun(plan.run, options),
  adopt: () => adoptRun(plan.runbook, plan.run, options),
  abort: () => abortRun(plan.run, options),
  rollback: () => rollbackRun(plan.run, options),
}
const said = await verbs[plan.verb]().then(
  ({ outcome, failure }) => `${outcome}${failure === null ? '' : `: ${failure.message}`}`,
  (thrown: unknown) => `refused: ${failureOf(thrown).message}`,
)
await befalling.settled()
// As evha itself does: whatever may be under way still ends with the process.
process.stdout.write(`${said}${befalling.told}\n`, () => process.exit(0))
