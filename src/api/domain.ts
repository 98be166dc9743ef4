/**
 * Words that tell at the start of a part of a host name what a practice is; parts lie between dots, hyphens and digits.
 * Frozen with `v1alpha1`: a longer list would refuse edits of practices that exist. Later words belong to the operator,
 * which then only sets `DomainNeutral=False`.
 */
const BEGINNINGS = [
  "therap",
  "psych",
  "clinic",
  "klinik",
  "praxis",
  "mental",
  "counsel",
  "health",
  "medic",
  "medizin",
  "doctor",
  "doktor",
  "arzt",
  "aerzt",
  "heilprakt",
  "patient",
  "addict",
  "rehab",
  "detox",
  "traumat",
  "depress",
  "suicid",
  "suizid",
  "suchthilf",
  "suchtberat",
  "suchtklin",
] as const;

/** Words that tell only when they are the whole part: "sucht" also begins "suchtreffer", "hospital" "hospitality". */
const WHOLE = ["sucht", "trauma", "hospital", "dr", "med"] as const;

/** RE2 and JavaScript alike; host names hold nothing but `a-z`, `0-9`, `.` and `-`. */
export const REVEALING = `(^|[^a-z])(${BEGINNINGS.join("|")}|(${WHOLE.join("|")})($|[^a-z]))`;

/** The first revealing word in host names, as it stands there; `undefined` when all are neutral. */
export function revealingWord(hosts: readonly string[]): string | undefined {
  for (const host of hosts) {
    const found = new RegExp(REVEALING).exec(host);
    if (found) return found[3] ?? found[2];
  }
  return undefined;
}
