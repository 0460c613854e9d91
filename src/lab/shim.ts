// The client behind systemctl, systemd-run, journalctl and systemd-id128 of a lab's host: one question to the lab's
// process, its answer passed on. Knows nothing but node:net, because it starts hundreds of times.
import { connect } from 'node:net'

const [name = '', ...argv] = process.argv.slice(2)
const socket = connect(process.env['EVHA_LAB_SOCKET'] ?? '')
let text = ''
socket.on('error', () => {
  process.stderr.write(`${name}: the lab does not answer\n`)
  process.exitCode = 1
})
socket.setEncoding('utf8')
socket.on('data', (data) => {
  text += data
})
socket.on('end', () => {
  if (text === '') {
    process.stderr.write(`${name}: the lab ended before it answered\n`)
    process.exitCode = 1
    return
  }
  const answer = JSON.parse(text) as { stdout: string; stderr: string; exit: number }
  process.stderr.write(answer.stderr)
  process.stdout.write(answer.stdout)
  process.exitCode = answer.exit
})
socket.end(JSON.stringify({ host: process.env['EVHA_LAB_HOST'], name, argv }))
