/** Slots before this one whose blocks the machine still remembers at a stuck height; locked and certified ones stay. */
export const REMEMBERED_SLOTS = 3
/** Slots that a verifier stays silent after it learned that its record is behind what it had signed. */
export const STALE_SILENCE_SLOTS = 2
/** Heights below the newest final block whose statements are held against each other. */
export const WITNESSED_HEIGHTS = 128
/** Statements of one height that are held against each other: many times what a height takes that goes well. */
export const MAX_WITNESSED_STATEMENTS = 512

/** Signing ids that a signing record remembers to have left: more than a chain has recoveries. */
export const MAX_LEFT_IDS = 64
