import { isIP } from 'node:net'
import { ApiError } from './errors.ts'

/** 127.0.0.0/8, ::1 and localhost, with or without brackets; also as a socket for both families writes it. */
export function isLoopback(host: string): boolean {
  const bare = host
    .replace(/^\[|\]$/g, '')
    .replace(/^::ffff:/i, '')
    .toLowerCase()
  return bare === 'localhost' || bare === '::1' || (isIP(bare) === 4 && bare.startsWith('127.'))
}

/** The host name of a Host header without the port; undefined if it has none. */
function hostName(header: string): string | undefined {
  try {
    const { hostname, username, pathname, search } = new URL(`http://${header}`)
    return username === '' && pathname === '/' && search === '' ? hostname : undefined
  } catch {
    return undefined
  }
}

interface Headers {
  readonly host?: string
  readonly origin?: string
  readonly [name: string]: string | readonly string[] | undefined
}

/**
 * Keeps web pages of others out. A browser sends Origin with what a page of another site asks for, and where it sends none, as for an image
 * or a script, it says in Sec-Fetch-Site where the page is from: only a link that somebody follows may come from elsewhere. A page whose
 * own name was pointed at this machine (DNS rebinding) shows in the Host header, which on loopback must be loopback too.
 * @throws ApiError 403 `foreign-host` or `foreign-origin`
 */
export function checkOrigin(headers: Headers, onLoopback: boolean): void {
  const { host = '', origin } = headers
  const name = hostName(host)
  if (onLoopback && (name === undefined || !isLoopback(name))) {
    throw new ApiError(403, 'foreign-host', `this API answers on this machine only, as localhost or 127.0.0.1, not as "${host}"`)
  }
  // Encrypted, where a program in front of this one does that.
  if (origin !== undefined && origin !== `http://${host}` && origin !== `https://${host}`) {
    throw new ApiError(403, 'foreign-origin', `a web page of ${origin} asked; this API answers its own pages and programs only`)
  }
  const { 'sec-fetch-site': site, 'sec-fetch-mode': mode, 'sec-fetch-dest': dest } = headers
  if ((site === 'cross-site' || site === 'same-site') && !(mode === 'navigate' && dest === 'document')) {
    throw new ApiError(403, 'foreign-origin', 'a web page of another origin asked; this API answers its own pages and programs only')
  }
}
