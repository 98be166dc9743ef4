/** Words that would tell somebody who looks over a shoulder what the appointment is about. */
const TELLING =
  /therap|psych|psich|patient|klient|client|praxis|practice|klinik|clinic|arzt|ärzt|doctor|medi[zc]in|medical|health|gesund|krank|illness|diagnos|behandl|treatment|beratung|counsel|sprechstunde|session|sitzung|krise|crisis|sucht|addict|trauma|seele|mental/gi;

/** Those of them that stand in a text. */
export function telling(text: string): readonly string[] {
  return [...text.matchAll(TELLING)].map(([word]) => word);
}
