import { parentOf } from '../files.ts'
import { type Call, complain, type Tools } from './call.ts'

/** The store's files as a stream, in a form of our own: the real tar is not what is simulated. */
function tar(call: Call, args: readonly string[]): number {
  const { host, io } = call
  const home = call.shell.cwd ?? '/'
  if (args.some((arg) => arg.startsWith('-x'))) {
    if (io.stdin.text === '') return complain(call, 'tar: This does not look like a tar archive') && 2
    const lies = host.diskLies
    host.diskLies = false
    const packed = JSON.parse(io.stdin.text) as Record<string, string>
    for (const [path, content] of Object.entries(packed)) {
      host.files.makeDirs(parentOf(`${home}/${path}`))
      if (!lies || !host.files.exists(`${home}/${path}`)) host.files.write(`${home}/${path}`, content)
    }
    io.stdin.text = ''
    return 0
  }
  const names = io.stdin.text.split('\0').filter(Boolean)
  io.stdin.text = ''
  const packed: Record<string, string> = {}
  for (const name of names) {
    const content = host.files.read(`${home}/${name}`)
    if (content === null) continue
    packed[name] = content
  }
  // While a process writes, what is read of it is of no one moment: a store that can not be opened, or an old one.
  const running = host.sim.nodes().some((node) => node.host === host && node.home === home && node.up)
  if (running && host.sim.random.chance(0.3)) for (const name of names) packed[name] = `torn ${packed[name]}`
  io.out.write(JSON.stringify(packed))
  return 0
}

export const archive: Tools = {
  tar,
}
