/** What the user gave cannot be used: exit code 2. The message names the field, the problem and the next step. */
export class BadInput extends Error {}
