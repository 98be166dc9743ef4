/** Something that must say yes before anybody is let in did not answer, or not in time. Then nobody is. */
export class Away extends Error {
  override readonly name = "Away";
  readonly what: "database" | "calls" | "accounts";
  constructor(what: Away["what"], cause?: unknown) {
    super(`The practice's ${what} do not answer.`.replace("database do", "database does"), { cause });
    this.what = what;
  }
}
