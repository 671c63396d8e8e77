/** Bounds of what one account can make the state hold. Whoever needs more uses another account. */

/** Verifiers that an account delegates to. */
export const MAX_DELEGATIONS = 32
/** Sums of an account that are on their way back. */
export const MAX_UNBONDINGS = 32
/** Verifiers that an account vouches for. */
export const MAX_ENDORSEMENTS = 32
/** Ratifications that an account supports in one election. */
export const MAX_SUPPORTED_SOURCES = 4
/** Sources proposed for ratification in one election. */
export const MAX_PROPOSALS = 64
/** Ends of epochs that the state remembers: all since bonded coins that are on their way back were taken back. */
export const MAX_HANDOVERS = 1024
/** Recoveries that a chain can take part in. */
export const MAX_RECOVERIES = 8
/** Offences that one verifier can be punished for as long as evidence of them counts. */
export const MAX_OFFENCES = 16
