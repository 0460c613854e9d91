/** Exit code of a start that was refused because another node of the same execution client is up, or on its way up or down. */
export const clientIsDriven = 66

/** Shell text: `beside UNIT` ends with `clientIsDriven` when that unit is up. One client is driven by one node. */
export const refuseBesideText = `beside() {
  state=$(systemctl show "$1" --property=ActiveState)
  case \${state#*=} in inactive|failed|'') ;; *) echo "$1 is \${state#*=}" >&2; exit ${clientIsDriven} ;; esac
}`
