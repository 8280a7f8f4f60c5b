/** What a heap word holds: a tagged pointer, a weak one, a Smi, or anything else. */
export type Tagged = number
