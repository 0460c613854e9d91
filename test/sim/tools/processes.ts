import { Shell } from '../shell/run.ts'
import { after } from '../shell/soon.ts'
import { child, complain, type Tools } from './call.ts'

/** What runs another program, waits, or is somebody. */
export const processTools: Tools = {
  true: () => 0,
  cd: (call, args) => {
    if (!call.host.files.isDir(args[0] ?? '')) return complain(call, `cd: can't cd to ${args[0]}`) && 2
    call.shell.cwd = args[0] ?? '/'
    return 0
  },
  sh: (call, [flag, script = '', , ...args]) => {
    const model = flag === '-c' ? call.host.sim.modelled.get(script) : undefined
    if (model === undefined)
      return new Shell(call.ground, args).script(call.host.sim.patch(script), {
        ...call.io,
        files: new Map(),
      })
    const said = model(call.host, args, call.io.stdin.text, () => undefined)
    return after(said, ({ code, out, err = '' }) => {
      call.io.out.write(out)
      call.io.err.write(err)
      return code
    })
  },
  xargs: (call, args) => {
    const at = args.findIndex((arg) => !arg.startsWith('-'))
    const words = call.io.stdin.text.split('\0').filter(Boolean)
    call.io.stdin.text = ''
    return words.length === 0 ? 0 : child(call, [...args.slice(at), ...words])
  },
  runuser: (call, args) => child(call, args.slice(args.indexOf('--') + 1)),
  timeout: (call, args) => child(call, args.slice(1)),
  *sleep(_call, args) {
    yield Number(args[0]) * 1_000
    return 0
  },
  id: () => 0,
  useradd: () => 0,
}
