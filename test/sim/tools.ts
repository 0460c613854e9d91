import type { SimHost } from './host.ts'
import { nodeProgram } from './node-program.ts'
import { archive } from './tools/archive.ts'
import type { Tool, Tools } from './tools/call.ts'
import { conditions } from './tools/conditions.ts'
import { fileTools } from './tools/files.ts'
import { locks } from './tools/locks.ts'
import { machineTools } from './tools/machine.ts'
import { processTools } from './tools/processes.ts'
import { textTools } from './tools/texts.ts'

const tools: Tools = {
  ...conditions,
  ...fileTools,
  ...textTools,
  ...locks,
  ...archive,
  ...processTools,
  ...machineTools,
}

/** The program of a name on a host. One that nobody has modelled ends the simulation, loudly. */
export function toolNamed(host: SimHost, name: string): Tool {
  if (name === host.spec.binary) return nodeProgram
  const tool = tools[name] ?? tools[name.slice(name.lastIndexOf('/') + 1)]
  if (tool === undefined) throw new Error(`nobody has modelled the program ${name}`)
  return tool
}
