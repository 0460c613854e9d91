import { rmSync } from 'node:fs'
import { connect, createServer, type Server } from 'node:net'
import { EvhaError } from '../base/errors.ts'
import { labFiles } from './layout.ts'

/** What the lab's process is asked over its socket: a shim's command, or one of the lab's own. */
export interface LabRequest {
  /** A host's name; empty for the lab itself. */
  readonly host: string
  readonly name: string
  readonly argv: readonly string[]
}

export interface LabAnswer {
  readonly stdout: string
  readonly stderr: string
  readonly exit: number
}

const requestBytesMax = 1024 * 1024

/** Listens for requests; one a connection. */
export function listenOn(
  socket: string,
  answer: (request: LabRequest) => Promise<LabAnswer>,
): Promise<Server> {
  rmSync(socket, { force: true })
  const server = createServer({ allowHalfOpen: true }, (connection) => {
    let text = ''
    connection.on('error', () => connection.destroy())
    connection.setEncoding('utf8')
    connection.on('data', (data) => {
      text += data
      if (text.length > requestBytesMax) connection.destroy()
    })
    connection.on('end', () => {
      void answerOne(text, answer).then((reply) => connection.end(JSON.stringify(reply)))
    })
  })
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(socket, () => resolve(server))
  })
}

async function answerOne(
  text: string,
  answer: (request: LabRequest) => Promise<LabAnswer>,
): Promise<LabAnswer> {
  try {
    return await answer(JSON.parse(text) as LabRequest)
  } catch (error) {
    return {
      stdout: '',
      stderr: `the lab failed: ${error instanceof Error ? error.message : String(error)}\n`,
      exit: 1,
    }
  }
}

/**
 * Asks the lab of a state directory: `down`, `status`; with a host `reboot`, `drop-links`, `refuse-links`,
 * `accept-links`, `rtt MS`. Throws EvhaError `failed` when it does not answer or refuses.
 */
export function labControl(
  stateDir: string,
  name: string,
  host = '',
  argv: readonly string[] = [],
): Promise<string> {
  const failed = (why: string) =>
    new EvhaError({
      kind: 'failed',
      message: `the lab of ${stateDir} does not do "${name}": ${why}`,
      changedAnything: 'unknown',
      retryable: true,
      hint: '`evha lab down`, then `evha lab up`',
    })
  return new Promise((resolve, reject) => {
    const connection = connect(labFiles(stateDir).socket)
    let text = ''
    connection.setTimeout(60_000, () => connection.destroy(new Error('no answer in time')))
    connection.on('error', (error) => reject(failed(error.message)))
    connection.setEncoding('utf8')
    connection.on('data', (data) => {
      text += data
    })
    connection.on('end', () => {
      // A lab that died over the question closes without a word.
      if (text === '') return reject(failed('its process ended before it answered'))
      const reply = JSON.parse(text) as LabAnswer
      if (reply.exit === 0) resolve(reply.stdout)
      else reject(failed(reply.stderr.trim()))
    })
    connection.end(JSON.stringify({ host, name, argv }))
  })
}
