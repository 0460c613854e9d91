/** What a runbook need not say. The one place where defaults are written down; runbooks/single-to-ha.yaml repeats them for the reader. */
export const defaults = {
  /** The node's home directory on a host. */
  home: '/var/lib/ev-node',
  /** The systemd unit that runs the node. */
  unit: 'ev-node.service',
  /** Where the node answers RPC, as seen on its own host (evnode.md B 1.1 h). */
  rpc: { host: '127.0.0.1', port: 7331 },
  raft: {
    port: 5001,
    /** Below the node's home, beside `config` and `data`: never inside `data`, which is copied. */
    dir: 'raft',
    timing: 'auto',
  },
  copy: { binary: false, via: 'auto' },
  window: { budgetSeconds: 30, soakSeconds: 60, deadManSeconds: 10 },
  hooks: { timeoutSeconds: 30 },
  paths: {
    units: '/etc/systemd/system',
    /** Survives a reboot: fence, decision, stamps, what was moved aside. */
    evha: '/var/lib/evha',
    /** Dies with a reboot: permits of the warm set. */
    run: '/run/evha',
  },
  staging: false,
} as const

/** Limits of a runbook file. */
export const runbookLimits = {
  textBytesMax: 1024 * 1024,
  nodeCounts: [3, 5, 7],
  budgetSecondsMax: 600,
  /** A heartbeat comes every second; fewer seconds would take a slow moment for a lost workstation. */
  deadManSecondsMin: 3,
  deadManSecondsMax: 60,
  soakSecondsMax: 24 * 60 * 60,
  hookSecondsMax: 600,
} as const
