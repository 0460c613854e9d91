// `traffic-main.ts EVERY_MS CHAIN_ID URL...`: transfers flow until SIGTERM; then what became of them, as JSON.
import { flow } from './traffic.ts'

const [everyMs = '', chainId = '', ...urls] = process.argv.slice(2)
const stop = new AbortController()
process.once('SIGTERM', () => stop.abort())
const end = await flow({ urls, chainId: Number(chainId), everyMs: Number(everyMs) }, stop.signal)
process.stdout.write(`${JSON.stringify(end)}\n`)
