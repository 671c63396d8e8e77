import type { LogLevel } from '../ports/telemetry.ts'
import type { listenAddress } from './options.ts'
import type { PasswordFlags } from './passwords.ts'

/** What `quorate start` was told. */
export interface StartFlags extends PasswordFlags {
  readonly dir: string
  readonly role?: 'full' | 'verifier' | 'bootstrap'
  readonly listen?: readonly string[]
  readonly announce?: readonly string[]
  readonly bootstrap?: readonly string[]
  readonly bootstrapFile?: string
  readonly scope: 'local' | 'public'
  readonly api: ReturnType<typeof listenAddress>
  readonly checkpoint?: { readonly height: number; readonly hash: string }
  readonly fullHistory?: true
  /** Blocks to keep. */
  readonly prune?: number
  /** False: peers are not told whom it is connected to. */
  readonly neighbours?: boolean
  readonly logLevel: LogLevel
  readonly logFormat: 'text' | 'json'
  readonly parentWatch?: true
}

export const DEFAULT_LISTEN = '/ip4/0.0.0.0/tcp/4001'
