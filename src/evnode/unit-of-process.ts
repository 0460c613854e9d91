import { execQuote } from './exec-start.ts'

/** A node as it runs without a unit. */
export interface RunningNode {
  /** The program, absolute; it takes the place of argv's first word. */
  readonly program: string
  readonly argv: readonly string[]
  readonly user: string
  readonly workingDirectory: string
  /** Names of its environment. */
  readonly variables: readonly string[]
}

/** Names that any login or shell sets; the node reads none of them. */
const usual = new Set(
  'PATH HOME USER LOGNAME SHELL PWD OLDPWD SHLVL TERM LANG LANGUAGE MAIL TZ _ XDG_SESSION_ID XDG_RUNTIME_DIR XDG_SESSION_TYPE XDG_SESSION_CLASS XDG_DATA_DIRS DBUS_SESSION_BUS_ADDRESS SSH_CLIENT SSH_CONNECTION SSH_TTY SUDO_USER SUDO_UID SUDO_GID SUDO_COMMAND LS_COLORS LESSOPEN LESSCLOSE TMUX TMUX_PANE STY WINDOW COLORTERM HISTCONTROL'.split(
    ' ',
  ),
)

/** A unit that starts the very same command as the same user; an operator reads it before it is laid. */
export function unitOfProcess(node: RunningNode): string {
  const own = node.variables.filter((name) => !usual.has(name) && !name.startsWith('LC_'))
  const command = [node.program, ...node.argv.slice(1)].map(execQuote).join(' ')
  return `# Written by evha from the running process. Read it before you lay it.
${own.length === 0 ? '' : `# The process also has these variables; add an Environment= for each the node needs: ${own.join(' ')}\n`}[Unit]
Description=ev-node sequencer
Wants=network-online.target
After=network-online.target

[Service]
User=${node.user}
WorkingDirectory=${node.workingDirectory}
ExecStart=${command}
Restart=on-failure
RestartSec=1s
TimeoutStopSec=40s

[Install]
WantedBy=multi-user.target
`
}
