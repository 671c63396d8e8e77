/**
 * What a validator says of something a peer sent.
 *
 * `accept` it is right: use it and relay it. `ignore` it is of no use here now (old, early, known), nobody's
 * fault: drop it. `reject` no honest node sends this: drop it and lower the peer's score.
 * `code` is stable: tests, metrics and other implementers rely on it. `detail` is for people.
 */
export type Verdict<T = undefined> =
  | { readonly kind: 'accept'; readonly value: T }
  | { readonly kind: 'ignore'; readonly code: string; readonly detail: string }
  | { readonly kind: 'reject'; readonly code: string; readonly detail: string }

export const accept = <T>(value: T): Verdict<T> => ({ kind: 'accept', value })
export const ignore = (code: string, detail = ''): Verdict<never> => ({ kind: 'ignore', code, detail })
export const reject = (code: string, detail = ''): Verdict<never> => ({ kind: 'reject', code, detail })
