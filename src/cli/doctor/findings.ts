/** `notice` needs nobody to act; `warning` may become a problem; `problem` keeps the node from doing its work. */
export type Severity = 'ok' | 'notice' | 'warning' | 'problem'

/** One thing that was looked at. */
export interface Finding {
  readonly code: FindingCode
  readonly severity: Severity
  /** What was found, with the numbers. */
  readonly text: string
  /** The same for programs. */
  readonly numbers: Readonly<Record<string, string | number | null>>
  /** A command or a setting; null where nothing is to be done. */
  readonly todo: string | null
}

/** Every code, with what it is about: docs/doctor.md says of each what to do. */
export const findingCodes = {
  'directory-missing': 'the directory is none of a node',
  'directory-mode': 'others on this machine can look into the directory',
  'directory-unwritable': 'the directory cannot be written to',
  'key-mode': 'others on this machine can read a key',
  'key-missing': 'a key is missing',
  'guard-missing': 'a verifier key without its signing guard',
  'genesis-missing': 'the directory does not know its network',
  'genesis-mismatch': 'the store is of another chain than genesis',
  'clock-behind-files': 'the clock is behind what the node has written',
  'start-refused': 'something else for which a start would be refused',
  'port-taken': 'the port is taken by another program',
  'node-stopped': 'no node runs on the directory',
  'disk-space': 'room on the disk',
  'disk-growth': 'how fast the store grows',
  'clock-offset': 'the clock against those of the peers',
  reachability: 'whether others can dial this node',
  announced: 'what others are told of where to dial',
  peers: 'how many peers there are',
  bootstrap: 'whether the bootstrap nodes answer',
  dials: 'why peers could not be connected to',
  mesh: 'peers with whom each topic is exchanged',
  quorum: 'members of the quorum that cannot be reached',
  'other-chain': 'peers of other chains',
  versions: 'what the peers run',
  source: 'the source that was ratified',
  'event-loop': 'whether the machine keeps up',
  sync: 'whether the chain goes on here',
  signing: 'whether the verifier signs',
  strangers: 'what strangers were refused',
} as const
export type FindingCode = keyof typeof findingCodes

export const severities: readonly Severity[] = ['ok', 'notice', 'warning', 'problem']
export const isProblem = ({ severity }: Finding): boolean => severity === 'problem'

export function finding(
  code: FindingCode,
  severity: Severity,
  text: string,
  numbers: Finding['numbers'] = {},
  todo: string | null = null,
): Finding {
  return { code, severity, text, numbers, todo }
}
