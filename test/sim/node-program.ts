import { heightOf } from './chain.ts'
import type { Waits } from './shell/soon.ts'
import type { Call } from './tools/call.ts'

/** The node's binary, called by hand: `version`, `init`, and the rollback that only asks for a height. */
export function* nodeProgram({ host, io }: Call, args: readonly string[]): Waits<number> {
  yield host.sim.random.between(20, 60) * host.slowness
  const home = args[args.indexOf('--home') + 1] ?? ''
  switch (args[0]) {
    case 'version':
      io.out.write('testapp simulated\n')
      return 0
    case 'init':
      for (const dir of ['config', 'data']) host.files.makeDirs(`${home}/${dir}`)
      host.files.write(`${home}/config/node_key.json`, nodeKey(host.name))
      host.files.write(`${home}/config/evnode.yaml`, 'db_path: data\n')
      return 0
    case 'rollback':
      return rollback()
    default:
      throw new Error(`nobody has modelled the node's ${args.join(' ')}`)
  }

  function rollback(): number {
    if (args[args.indexOf('--height') + 1] !== '18446744073709551615')
      throw new Error('a rollback that would delete blocks')
    const lock = `${home}/data/testapp`
    const holder = {}
    if (!host.files.isDir(lock) || !host.lock(lock, holder)) {
      io.err.write(
        'Cannot acquire directory lock on the store.  Another process is using this Badger database.\n',
      )
      return 1
    }
    host.unlock(holder)
    const content = host.files.read(`${lock}/000001.vlog`) ?? 'store 0 0'
    // Opening the database rewrites its files; what they hold stays.
    if (host.files.exists(`${lock}/000001.vlog`)) host.files.write(`${lock}/000001.vlog`, content)
    if (content.startsWith('torn')) {
      io.err.write('failed to open the database: it is corrupt\n')
      return 1
    }
    const height = heightOf(host.sim.chain.store(Number(content.split(' ')[1])))
    io.err.write(
      `failed to rollback ev-node state: current height ${height} is already less than or equal to rollback height 18446744073709551615\n`,
    )
    return 1
  }
}

export const nodeKey = (name: string): string => {
  const bytes = Buffer.alloc(32, name)
  return JSON.stringify({ priv_key: bytes.toString('base64'), pub_key: bytes.toString('base64') })
}
