import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { Command } from '../../../src/base/command.ts'
import { render } from '../../../src/remote/render.ts'
import {
  clientIsUp,
  endCopy,
  putInPlace,
  readCopyState,
  settle,
} from '../../../src/steps/client-copy/commands.ts'
import { workIn } from '../../../src/steps/client-copy/place.ts'
import { clientIsDriven } from '../../../src/steps/host/beside.ts'
import { warmUpUnit } from '../../../src/steps/warm-up/place.ts'
import { nodeIn, scratch } from '../host/locally.ts'

/**
 * A host with a client of two databases and an identity, and a whole copy beside them. Its systemctl knows units by files,
 * and starts none that a drop-in refuses.
 */
function host() {
  const dir = scratch()
  const at = (name: string) => join(dir, name)
  const put = (files: Readonly<Record<string, string>>) => {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(at(name)), { recursive: true })
      writeFileSync(at(name), text)
    }
  }
  put({
    'bin/systemctl': `#!/bin/sh
case $1 in
  show) state=inactive; [ -e "${dir}/$2.state" ] && state=$(cat "${dir}/$2.state"); echo "ActiveState=$state" ;;
  start)
    for one in ${dir}/units/$2.d/*.conf; do
      [ -e "$one" ] || continue
      held=$(sed -n 's/^AssertPathExists=!//p' "$one")
      [ ! -e "$held" ] || { echo "Assertion failed for $2" >&2; exit 1; }
    done
    echo active > "${dir}/$2.state" ;;
  stop) [ -e "${dir}/$2.stays" ] || echo inactive > "${dir}/$2.state" ;;
esac
`,
    'el.service.state': 'active',
    'client/db/data': 'old',
    'client/db/mdbx.lck': 'lock of the old one',
    'client/geth/chaindata/1.sst': 'old',
    'client/geth/nodekey': 'mine',
    'client/geth/nodes/CURRENT': 'peers I know',
    'client/discovery-secret': 'mine',
    'client/.evha/tree/db/data': 'copied',
    'client/.evha/tree/geth/chaindata/1.sst': 'copied',
    'client/.evha/tree/geth/chaindata/2.log': 'copied',
  })
  chmodSync(at('bin/systemctl'), 0o755)
  const spec = nodeIn(dir)
  const client = { dataDir: at('client'), unit: 'el.service' }
  return {
    spec,
    client,
    at,
    put,
    made: at('evha/runs/r/client-copied'),
    read: (name: string) => readFileSync(at(name), 'utf8').trim(),
    run: (command: Command) =>
      spawnSync('dash', ['-c', `PATH=${at('bin')}:$PATH\n${render(command)}`], { encoding: 'utf8' }),
  }
}

type Host = ReturnType<typeof host>
const stateOf = ({ run, client, made }: Host) => run(readCopyState(client, made)).stdout.trim()

function isExchanged({ read, at, client }: Host): void {
  for (const name of ['db/data', 'geth/chaindata/1.sst', 'geth/chaindata/2.log'])
    expect(read(`client/${name}`), name).toBe('copied')
  expect(read('client/geth/nodekey')).toBe('mine')
  expect(read('client/geth/nodes/CURRENT')).toBe('peers I know')
  expect(read('client/discovery-secret')).toBe('mine')
  // Of the client that had the old database.
  expect(existsSync(at('client/db/mdbx.lck'))).toBe(false)
  expect(read('el.service.state')).toBe('active')
  expect(existsSync(at('units/el.service.d'))).toBe(false)
  expect(existsSync(workIn(client).swapping)).toBe(false)
}

test('a copy takes the place of what the client had, its own identity stays, and the client is started on it', () => {
  const here = host()
  const { run, spec, client, read, at, made } = here
  expect(stateOf(here)).toBe('none')
  const done = run(putInPlace(spec, client))
  expect(done.status, done.stderr).toBe(0)
  isExchanged(here)
  expect(read('client/.evha/before/db/data')).toBe('old')
  expect(stateOf(here)).toBe('swapped')
  expect(run(settle(client, made)).status).toBe(0)
  expect(existsSync(at('client/.evha'))).toBe(false)
  expect(stateOf(here)).toBe('made')
})

test.each([1, 2, 3, 4])(
  'broken off at the %i. rename the client can not be started; whoever goes on ends it',
  (nth) => {
    for (const goesOn of [putInPlace, endCopy]) {
      const here = host()
      const { run, spec, client, put, at } = here
      put({
        'bin/mv': `#!/bin/sh\necho >> ${at('moves')}\n[ "$(wc -l < ${at('moves')})" != ${nth} ] || exit 9\nexec /bin/mv "$@"\n`,
      })
      chmodSync(at('bin/mv'), 0o755)
      expect(run(putInPlace(spec, client)).status).toBe(9)
      expect(stateOf(here)).toBe('swapping')
      expect(spawnSync(at('bin/systemctl'), ['start', 'el.service']).status).toBe(1)
      const ended = run(goesOn(spec, client))
      expect(ended.status, ended.stderr).toBe(0)
      isExchanged(here)
    }
  },
)

test('a client that a node drives keeps its data, whichever node it is', () => {
  for (const unit of [nodeIn('/d').unit, warmUpUnit(nodeIn('/d'))]) {
    const here = host()
    here.put({ [`${unit}.state`]: 'activating' })
    expect(here.run(putInPlace(here.spec, here.client)).status).toBe(clientIsDriven)
    expect(here.read('client/db/data')).toBe('old')
    expect(stateOf(here)).toBe('none')
  }
})

test('where another process has the files open, or the client does not stop, nothing is exchanged and it goes on', async () => {
  const wrongUnit = host()
  const other = spawn(
    'sh',
    ['-c', 'exec 3< "$1"; echo open; exec sleep 60', 'sh', wrongUnit.at('client/db/data')],
    {
      stdio: ['ignore', 'pipe', 'ignore'],
    },
  )
  onTestFinished(() => void other.kill())
  await once(other.stdout, 'data')
  const stays = host()
  stays.put({ 'el.service.stays': '' })
  const why = [wrongUnit, stays].map((here) => {
    const refused = here.run(putInPlace(here.spec, here.client))
    expect(refused.status).toBe(clientIsUp)
    expect(here.read('client/db/data')).toBe('old')
    expect(here.read('el.service.state')).toBe('active')
    expect(existsSync(here.at('units/el.service.d'))).toBe(false)
    expect(stateOf(here)).toBe('none')
    return refused.stderr
  })
  expect(why[0]).toContain(`its data is open in ${other.pid} s`)
  expect(why[1]).toContain('its data is open in el.service, which is active')
})

test('a copy that is not in place is taken away; what a client had stays until it was seen on the copy', () => {
  const growing = host()
  const ended = growing.run(endCopy(growing.spec, growing.client))
  expect(ended, ended.stderr).toMatchObject({ status: 0, stdout: '' })
  expect(readdirSync(growing.client.dataDir).sort()).toEqual(['db', 'discovery-secret', 'geth'])
  expect(growing.read('client/db/data')).toBe('old')
  // And once more, where there is nothing left.
  expect(growing.run(endCopy(growing.spec, growing.client)).status).toBe(0)

  const unseen = host()
  unseen.run(putInPlace(unseen.spec, unseen.client))
  const { before } = workIn(unseen.client)
  expect(unseen.run(endCopy(unseen.spec, unseen.client)).stdout).toBe(`before ${before}\n`)
  expect(unseen.read('client/.evha/before/db/data')).toBe('old')
  isExchanged(unseen)
})
