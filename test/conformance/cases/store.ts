import { spawnSync } from 'node:child_process'
import { closeSync, existsSync, openSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { explainError } from '../../../src/evnode/errors.ts'
import { databaseDirs, readOfflineHeight } from '../../../src/evnode/store.ts'
import { lastLine, reaches } from '../../lab/standin/stand.ts'
import type { Ended } from '../../output-of.ts'
import { aCase, type Case } from '../case.ts'
import type { Ground } from '../ground.ts'
import type { Observation } from '../observation.ts'

function told(ground: Ground, { code, stderr }: Ended, last: number): Observation {
  const read = readOfflineHeight(stderr)
  return {
    code,
    last: ground.plain(lastLine(stderr)).replace(`current height ${last} is`, 'current height <last> is'),
    read: read.kind,
    isLast: read.kind === 'height' && read.height === last,
  }
}

async function stopped(ground: Ground) {
  const home = await ground.newHome('node')
  const place = await ground.place(home, 'node')
  const node = ground.single(place)
  await node.until('produced', ({ height }) => height >= 4)
  await node.stop()
  return { home, place, last: node.produced.at(-1) ?? 0 }
}

const dirsOf = (home: string) => databaseDirs({ home, dbPath: 'data', db: 'testapp' })

/** Sizes as `ls` and as the disk tells them, of the files a database preallocates. */
function sizes(dir: string): Observation {
  return Object.fromEntries(
    ['000001.vlog', '00001.mem', 'LOCK'].map((name) => {
      const stat = statSync(join(dir, name), { throwIfNoEntry: false })
      if (stat === undefined) return [name, 'absent']
      return [
        name,
        { bytes: name === 'LOCK' ? 'pid' : stat.size, sparse: stat.blocks * 512 < stat.size / 10 },
      ]
    }),
  )
}

/** The databases on disk, their lock, and the height of a stopped one. */
export const storeCases: readonly Case[] = [
  aCase('offline height of a stopped store', 'readOfflineHeight', async (ground) => {
    const { home, last } = await stopped(ground)
    const first = told(ground, await ground.offline(home), last)
    const second = told(ground, await ground.offline(home), last)
    return { first, repeats: JSON.stringify(first) === JSON.stringify(second) }
  }),
  aCase('offline height while the node runs', 'readOfflineHeight', async (ground) => {
    const home = await ground.newHome('node')
    const node = ground.single(await ground.place(home, 'node'))
    await node.until('produced')
    return told(ground, await ground.offline(home), -1)
  }),
  aCase('offline height of a home that never ran', 'readOfflineHeight', async (ground) => {
    const home = await ground.newHome('node')
    return told(ground, await ground.offline(home), -1)
  }),
  aCase('offline height after SIGKILL', 'readOfflineHeight', async (ground) => {
    const home = await ground.newHome('node')
    const place = await ground.place(home, 'node')
    const node = ground.single(place)
    const served = await reaches(place, 5)
    await node.stop('SIGKILL')
    const { code, stderr } = await ground.offline(home)
    const read = readOfflineHeight(stderr)
    return { code, kind: read.kind, atLeastServed: read.kind === 'height' && read.height >= served }
  }),
  aCase('rollback without a height takes a block', 'the number that is hard-coded', async (ground) => {
    const { home, last } = await stopped(ground)
    const taken = await ground.run(['rollback', '--home', home])
    const read = readOfflineHeight((await ground.offline(home)).stderr)
    return { code: taken.code, now: read.kind === 'height' ? read.height - last : read.kind }
  }),
  aCase('a second process on one home', 'the guard that holds the lock', async (ground) => {
    const home = await ground.newHome('node')
    const node = ground.single(await ground.place(home, 'node'))
    await node.until('produced')
    const second = ground.single(await ground.place(home, 'second'))
    const code = await ground.ended(second)
    return {
      code,
      last: ground.plain(second.last),
      explained: explainError(second.last) !== undefined,
      firstRuns: node.isUp,
    }
  }),
  aCase('a foreign flock on the store', 'the guard that holds the lock', async (ground) => {
    const { home, place, last } = await stopped(ground)
    const [dir] = dirsOf(home)
    const fd = openSync(dir, 'r')
    const taken = spawnSync('flock', ['-n', '3'], { stdio: ['ignore', 'ignore', 'ignore', fd] })
    const [, executor = ''] = dirsOf(home)
    const files = () =>
      readdirSync(executor).map((name) => `${name} ${statSync(join(executor, name)).mtimeMs}`)
    const before = files().join()
    const node = ground.single(place)
    const code = await ground.ended(node)
    const executorUntouched = before === files().join()
    const offline = told(ground, await ground.offline(home), last)
    closeSync(fd)
    const free = ground.single(place)
    await free.until('produced')
    return {
      held: taken.status,
      code,
      executorUntouched,
      last: ground.plain(node.last),
      offline,
      startsAfterwards: true,
    }
  }),
  aCase('files of a running and of a stopped store', 'the copy that skips holes', async (ground) => {
    const home = await ground.newHome('node')
    const node = ground.single(await ground.place(home, 'node'))
    await node.until('produced', ({ height }) => height >= 2)
    const [store, executor = ''] = dirsOf(home)
    const running = { store: sizes(store), executor: sizes(executor) }
    await node.stop()
    return {
      databases: readdirSync(join(home, 'data')).sort(),
      running,
      stopped: { store: sizes(store), executor: sizes(executor) },
    }
  }),
  aCase('an absolute db_path', 'databaseDirs', async (ground) => {
    const home = await ground.newHome('node')
    const db = join(ground.dir, 'elsewhere')
    const node = ground.single(await ground.place(home, 'node'), '--evnode.db_path', db)
    await node.until('produced')
    await node.stop()
    const dirs = databaseDirs({ home, dbPath: db, db: 'testapp' })
    return {
      found: dirs.map((dir) => existsSync(join(dir, 'MANIFEST'))),
      inHome: existsSync(join(home, 'data')),
    }
  }),
]
