// docs/hooks.md is made from the code; `EVHA_WRITE_DOCS=1 npx vitest run test/docs-hooks.test.ts` writes it.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { hookNames } from '../src/base/names.ts'
import { hookVariables } from '../src/run/hook-environment.ts'
import { hookPoints } from '../src/run/hook-points.ts'
import { defaults } from '../src/runbook/defaults.ts'

const page = join(import.meta.dirname, '..', 'docs', 'hooks.md')

const failing = { stops: 'the run stops; the chain runs on', told: 'is told; the run goes on' } as const

const points = hookNames.map(
  (name) => `| \`${name}\` | ${hookPoints[name].when} | ${failing[hookPoints[name].failing]} |`,
)
const variables = Object.entries(hookVariables).map(([name, what]) => `| \`${name}\` | ${what} |`)

const text = `# How do I call my own program during a migration?

Name it under \`hooks\` in the runbook, at the point where it is to be called:

    hooks:
      timeoutSeconds: ${defaults.hooks.timeoutSeconds}
      beforeCutover: /etc/evha/hooks/drain
      chainStopped: [/etc/evha/hooks/page, "the chain stands still"]

It is a program on this workstation, an absolute path (or one below \`~/\`), alone or in a list with its arguments. No
shell reads it. \`evha check\` says when one is missing or not executable; \`evha migrate\` does not begin then.

| point | when | when it fails |
|---|---|---|
${points.join('\n')}

**Failing** is every end but exit 0: another code, a signal, more than \`timeoutSeconds\`. What the run waits for
(\`started\`, \`prepared\`, \`beforeCutover\`) ends with exit 1 of evha; mend the hook and type \`evha resume\`.

**Inside the window nothing waits for a hook.** It is started beside the run and bounded; whatever it does, the chain
does not stand still longer for it. Do not put into \`chainStopped\` what must be done before the cluster produces: it
belongs into \`beforeCutover\`.

**Once an attempt.** A hook that ended with exit 0 is not called again when a run is resumed. One that failed, or whose
end was not seen because evha died, is called again, and that is said: on the terminal, in the journal, and to the hook
as \`EVHA_HOOK_TIMES\` above 1. \`beforeCutover\` belongs to an approval and \`ended\` to a process: they are called each time.

## What a hook is told

The environment of evha, and:

| variable | what |
|---|---|
${variables.join('\n')}

A variable whose value is not known yet is not set. Nothing in them is secret. Standard input is empty, the working
directory is that of the run. What the hook writes goes into the run's log on this workstation, its last 8 KiB; the last
line is shown when it fails. Journal and report hold the call, its exit code and how long it took, not what it wrote.

On time-out the hook is killed with all it started, unless that left its process group. Ctrl-C is for the run: a hook
does not get it. When evha itself is killed, a running hook is left alone.
`

test('the page on hooks is what the code does', () => {
  if (process.env['EVHA_WRITE_DOCS'] === '1') writeFileSync(page, text)
  expect(readFileSync(page, 'utf8')).toBe(text)
})
