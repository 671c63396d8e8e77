/** Slots before this one whose blocks the machine still remembers at a stuck height; locked and certified ones stay. */
export const REMEMBERED_SLOTS = 3
/** Slots that a verifier stays silent after it learned that its record is behind what it had signed. */
export const STALE_SILENCE_SLOTS = 2
