/** capabilities(7), as of Linux 6: the last was added in 5.9. */
export const CAPABILITIES = [
  'AUDIT_CONTROL',
  'AUDIT_READ',
  'AUDIT_WRITE',
  'BLOCK_SUSPEND',
  'BPF',
  'CHECKPOINT_RESTORE',
  'CHOWN',
  'DAC_OVERRIDE',
  'DAC_READ_SEARCH',
  'FOWNER',
  'FSETID',
  'IPC_LOCK',
  'IPC_OWNER',
  'KILL',
  'LEASE',
  'LINUX_IMMUTABLE',
  'MAC_ADMIN',
  'MAC_OVERRIDE',
  'MKNOD',
  'NET_ADMIN',
  'NET_BIND_SERVICE',
  'NET_BROADCAST',
  'NET_RAW',
  'PERFMON',
  'SETFCAP',
  'SETGID',
  'SETPCAP',
  'SETUID',
  'SYSLOG',
  'SYS_ADMIN',
  'SYS_BOOT',
  'SYS_CHROOT',
  'SYS_MODULE',
  'SYS_NICE',
  'SYS_PACCT',
  'SYS_PTRACE',
  'SYS_RAWIO',
  'SYS_RESOURCE',
  'SYS_TIME',
  'SYS_TTY_CONFIG',
  'WAKE_ALARM',
] as const

const ALL = 'ALL'
const KNOWN: ReadonlySet<string> = new Set([...CAPABILITIES, ALL])

/**
 * The name of a capability without `CAP_` and in capitals, or `ALL`. The engine takes any case, with the prefix or
 * without, but not `CAP_ALL`. Null for a name that is none, and for one that only Unicode's case folding makes one.
 */
export function normaliseCapability(text: string): string | null {
  if (!/^[A-Za-z_]{1,32}$/.test(text)) return null
  const upper = text.toUpperCase()
  const name = upper.startsWith('CAP_') ? upper.slice('CAP_'.length) : upper
  return KNOWN.has(name) && upper !== `CAP_${ALL}` ? name : null
}

/** Whether a capability that is asked for is among the allowed ones (normalised); `ALL` among them allows every one. */
export function allowsCapability(allowed: ReadonlySet<string>, asked: string): boolean {
  const name = normaliseCapability(asked)
  return name !== null && (allowed.has(ALL) || allowed.has(name))
}
