import type { NodeSpec } from '../../runbook/load.ts'

/** The dead-man's unit: one for each unit of a node, as one host may hold several nodes. */
export const deadManUnit = (spec: NodeSpec) => `evha-dead-man-${spec.unit}`
export const deadManUnitPath = (spec: NodeSpec) => `${spec.paths.units}/${deadManUnit(spec)}`

/** Its files on a host. */
export const deadManFiles = (spec: NodeSpec) => ({
  dir: `${spec.paths.evha}/dead-man`,
  /** The script that the unit runs. */
  watch: `${spec.paths.evha}/dead-man/watch`,
  /** Stands while it is armed: the decision's key, and the boot in which it was armed. */
  armed: `${spec.paths.evha}/dead-man/armed`,
  /** Held by whoever arms or disarms it, and by itself from its last look to the end of what it does. */
  lock: `${spec.paths.evha}/dead-man/lock`,
  /** Uptime of the host at which it acts, in hundredths of a second. Dies with a reboot, which counts as expired. */
  deadline: `${spec.paths.run}/dead-man.deadline`,
})

/**
 * Enabled, so that it comes up again after a reboot; without the file that arms it, a start does nothing. It needs no
 * network and no right but to end processes and to write evha's files. Who disarms it waits for its end while the chain
 * may stand still: where systemd does not see that end, it gives up after seconds, not after its usual 90. It refers to
 * the node's unit, in the one way that does nothing else: systemd forgets a unit that is neither enabled nor running, and
 * with it the invocation by which a start that the fence did not refuse would be known.
 */
export function deadManUnitText(spec: NodeSpec): string {
  const { armed, watch } = deadManFiles(spec)
  return `# Written by evha. While a migration is in its window and evha is heard every second, this does nothing. When evha is
# silent too long, the sequencer starts again as it was, and members of the cluster that wait are ended.
[Unit]
Description=evha's dead-man for ${spec.unit}
ConditionPathExists=${armed}
StartLimitIntervalSec=0
JoinsNamespaceOf=${spec.unit}

[Service]
ExecStart=/bin/sh ${watch}
Restart=on-failure
RestartSec=1
TimeoutStopSec=2
NoNewPrivileges=yes
RestrictAddressFamilies=AF_UNIX
CapabilityBoundingSet=CAP_KILL CAP_DAC_OVERRIDE
OOMScoreAdjust=-900

[Install]
WantedBy=multi-user.target
`
}
