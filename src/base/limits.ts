/** Limits that hold everywhere: nothing waits, grows or tries without one. */
export const limits = {
  /** Captured bytes of one stream of one remote command; the rest is drained and dropped. */
  outputBytesMax: 4 * 1024 * 1024,
  /** Parallel SSH sessions on one host; sshd allows ten. */
  sessionsPerHostMax: 8,
  /** One SSH connection, from dial to ready. */
  connectTimeoutMs: 10_000,
  /** Keepalive probes: interval and how many may stay unanswered. A dead link is given up one interval later: in 5 s. */
  keepaliveIntervalMs: 900,
  keepaliveCountMax: 4,
  /** An ordinary remote command. */
  commandTimeoutMs: 20_000,
  /** One line of the journal. */
  journalLineBytesMax: 1024 * 1024,
} as const
