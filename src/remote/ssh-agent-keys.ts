import { connect } from 'node:net'

/** Messages of draft-miller-ssh-agent: the question, its answer, and the lengths before each part. */
const requestIdentities = Buffer.from([0, 0, 0, 1, 11])
const identitiesAnswer = 12
const answerBytesMax = 256 * 1024
const timeoutMs = 2_000

/** Types of the keys that an ssh-agent holds, as SSH names them; none when it does not answer. Never rejects. */
export async function agentKeyTypes(socketPath: string): Promise<readonly string[]> {
  const answer = await askAgent(socketPath)
  return answer === null || answer[4] !== identitiesAnswer ? [] : typesIn(answer.subarray(5))
}

function askAgent(socketPath: string): Promise<Buffer | null> {
  return new Promise((resolve) => {
    const socket = connect(socketPath)
    let answer = Buffer.alloc(0)
    const settle = (value: Buffer | null): void => {
      socket.destroy()
      resolve(value)
    }
    socket.setTimeout(timeoutMs, () => settle(null))
    socket.on('error', () => settle(null))
    socket.on('close', () => settle(null))
    socket.on('data', (bytes: Buffer) => {
      answer = Buffer.concat([answer, bytes])
      if (answer.length > answerBytesMax) settle(null)
      else if (answer.length >= 4 && answer.length >= 4 + answer.readUInt32BE(0)) settle(answer)
    })
    socket.write(requestIdentities)
  })
}

/** After the count: for each key its blob, which begins with its type, and a comment. */
function typesIn(text: Buffer): readonly string[] {
  const types: string[] = []
  let at = 4
  const part = (from: number): Buffer | null => {
    if (from + 4 > text.length) return null
    const end = from + 4 + text.readUInt32BE(from)
    return end > text.length ? null : text.subarray(from + 4, end)
  }
  for (;;) {
    const blob = part(at)
    const comment = blob === null ? null : part(at + 4 + blob.length)
    if (blob === null || comment === null || blob.length < 4) return types
    types.push(blob.subarray(4, 4 + blob.readUInt32BE(0)).toString('latin1'))
    at += 8 + blob.length + comment.length
  }
}
