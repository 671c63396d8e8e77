export function assertSame<T>(description: string, claimed: T, said: T): T {
  if (claimed !== said) throw new Error(`${description}: claims ${claimed}, the code says ${said}`)
  return claimed
}

/** Every code has a case that it decides. */
export function assertAllCodes(what: string, codes: object, seen: readonly string[]): void {
  for (const code of Object.keys(codes)) if (!seen.includes(code)) throw new Error(`${what}: no case is refused with ${code}`)
}
