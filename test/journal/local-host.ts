import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import type { Command } from '../../src/base/command.ts'
import { inOnePiece } from '../../src/remote/guarded.ts'
import { runLocal } from '../../src/remote/local.ts'
import type { Remote } from '../../src/remote/remote.ts'
import { sendCommand } from '../../src/remote/send.ts'
import { unreachable } from '../unreachable.ts'
import { scratch } from './scratch.ts'

/** A host that is a directory of this machine: commands are really run; it can be out of reach. */
export interface LocalHost {
  readonly remote: Remote
  /** Where evha keeps its things there. */
  readonly evha: string
  readonly says: string[]
  down: boolean
}

export function localHost(name: string): LocalHost {
  const evha = join(mkdtempSync(join(scratch(), `${name}-`)), 'evha')
  const host: LocalHost = {
    remote: { name, run, stream, send, tunnel, sshd, close },
    evha,
    says: [],
    down: false,
  }
  function run(command: Command, signal?: AbortSignal) {
    if (host.down) return Promise.reject(unreachable(`${name} does not answer`))
    host.says.push(command.says)
    return runLocal(inOnePiece(command), signal)
  }
  function send(file: Parameters<Remote['send']>[0], path: string, signal?: AbortSignal) {
    return run(sendCommand(file, path), signal)
  }
  function stream(): never {
    throw new Error('no streams here')
  }
  function tunnel(): never {
    throw new Error('no tunnels here')
  }
  function sshd(): never {
    throw new Error('no sshd here')
  }
  function close() {
    return Promise.resolve()
  }
  return host
}

export const localHosts = (count: number) =>
  Array.from({ length: count }, (_, i) => localHost(`node-${i + 1}`))
