import { writeFileSync } from 'node:fs'
import { watchInterrupts } from '../../src/cli/interrupts.ts'
import { outliveReaders } from '../../src/cli/output.ts'
import { TerminalApprover } from '../../src/ui/terminal-approver.ts'

// Asks one gate at the terminal it is started on, and leaves the answer in a file.
// ask-gate.ts ANSWER_FILE GATE DEADLINE_IN_MS|none WAIT_BEFORE_MS
const [answerFile = '', gate = '', deadline = 'none', waitMs = '0'] = process.argv.slice(2)
outliveReaders()
const interrupts = watchInterrupts(() => undefined)
if (Number(waitMs) > 0) process.stderr.write('not asked yet\n')
await new Promise((resolve) => setTimeout(resolve, Number(waitMs)))
const approver = new TerminalApprover({
  stdin: process.stdin,
  stderr: process.stderr,
  env: process.env,
  input: true,
  color: false,
  closing: interrupts.closing,
})
const answer = await approver.ask(
  {
    gate: gate as 'cutover',
    chain: 'lab-chain',
    evidence: [['head', '48213']],
    irreversible: 'the chain stops',
    ...(deadline === 'none' ? {} : { deadlineMs: Date.now() + Number(deadline) }),
  },
  interrupts.stopNow,
)
writeFileSync(answerFile, answer)
process.stderr.write(`the answer is ${answer}; raw: ${String(process.stdin.isRaw)}\n`)
