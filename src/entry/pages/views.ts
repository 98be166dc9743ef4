/** What the pages are made from. Times are seconds since 1970; nothing here tells who a patient is. */

/** The same for every page of a practice. */
export interface Site {
  readonly locale: string;
  /** Locales that a visitor can change to, this one among them. */
  readonly locales: readonly string[];
  readonly hosts: { readonly entry: string; readonly meet: string; readonly chat: string; readonly matrix?: string };
  /** The practice's time zone, an IANA name; UTC when absent. */
  readonly timeZone?: string;
  /** When the page was made, seconds since 1970. Without it a visitor's clock cannot be checked. */
  readonly now?: number;
  readonly imprintUrl?: string;
  readonly privacyUrl?: string;
}

/** Why somebody is not let in. Each has its own sentence, next step and HTTP status. */
export type Refusal = "late" | "revoked" | "used" | "wrong" | "full" | "away";

/** The text that a patient agrees to. */
export interface Consent {
  readonly text: string;
  readonly version: string;
  /** SHA-256 of the text, 64 hexadecimal digits. */
  readonly hash: string;
}

/** A good link before its time, or in it. */
export interface Appointment {
  /** The capability as it stood behind the `#`: goes back to the server in the body of a form, never in an address. */
  readonly link: string;
  readonly opens: number;
  readonly starts: number;
  readonly ends: number;
}

export interface OpenAppointment extends Appointment {
  readonly consent: Consent;
  /** The text changed while it was being read, so it is shown again. */
  readonly changed?: boolean;
  /** The practice's own responders to connectivity checks, like `stun:198.51.100.7:3478`. Without one the connection is shown as not tested. */
  readonly stun?: readonly string[];
}

/** Consent was given; the receipt is the signed JSON that can be kept. */
export interface ReadyAppointment extends Appointment {
  readonly receipt: string;
  /** How many days the practice keeps it as well; not at all when absent. */
  readonly receiptDays?: number;
  /** Several people have this link, so a word is offered by which staff can tell them apart. */
  readonly group?: boolean;
}

export interface SignInView {
  /** Said after a failed attempt, without telling which half was wrong. */
  readonly failed?: "refused" | "locked" | "away";
  /** Where sign-in with the practice's provider begins; absent with Matrix accounts. */
  readonly oidc?: string;
}

/** Where staff make links and go in. Links that were made stay on the device that made them. */
export interface DeskView {
  /** Said above the form when something was wrong with it, by field. */
  readonly errors?: Readonly<Partial<Record<"date" | "time" | "minutes" | "people" | "locale", string>>>;
  /** What was typed, to be corrected. */
  readonly typed?: Readonly<Record<string, string>>;
  readonly timeZone: string;
  readonly maxPeople: number;
  /** A sentence about what was just done. */
  readonly done?: "revoked" | "ended";
  /** Said when an action could not be done. */
  readonly refused?: Refusal | "early";
  /** The practice keeps receipts. */
  readonly receipts?: boolean;
}

/** Receipts that the practice keeps, found by their link. */
export interface ReceiptsView {
  /** How many days they are kept. */
  readonly days: number;
  /** What was found for a link; absent before one was given. */
  readonly found?: readonly FoundReceipt[];
  /** Said when what was given is no link. */
  readonly wrong?: boolean;
}

export interface FoundReceipt {
  /** The receipt itself, to be saved. */
  readonly file: string;
  readonly version: string;
  /** Seconds since 1970. */
  readonly agreed: number;
}

/** A link that was just made. */
export interface MadeLinkView {
  readonly address: string;
  /** What staff keep to see who waits, go in, end and revoke. Never shown to patients. */
  readonly staffLink: string;
  readonly starts: number;
  readonly ends: number;
  readonly timeZone: string;
  readonly people: number;
  /** SVG of the address. */
  readonly qr: string;
  /** Text for mail or SMS, in the patient's language. */
  readonly message: string;
  /** The calendar file, as text. */
  readonly calendar: string;
  /** The file of the link's language. */
  readonly locale: string;
}
