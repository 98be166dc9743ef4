import type { Context } from "hono";
import type { ElementExchange } from "./element.ts";
import type { Keys } from "./keys.ts";
import type { Limit } from "./limits.ts";
import type { EntryOptions } from "./options.ts";
import type { Site } from "./pages/views.ts";
import type { Prosody } from "./prosody.ts";
import type { Provider } from "./provider.ts";
import type { Receipts } from "./receipts.ts";
import type { Rooms } from "./rooms.ts";
import type { Sealer } from "./sealed.ts";
import type { StaffDoor } from "./staff.ts";
import type { SigningKey } from "./token.ts";

/** Everything that routes need, made once when the program starts. */
export interface Parts {
  readonly options: EntryOptions;
  readonly keys: Keys;
  readonly signingKey: SigningKey;
  readonly rooms: Rooms;
  /** Absent: the practice keeps none. */
  readonly receipts?: Receipts;
  readonly prosody: Prosody;
  readonly staff: StaffDoor;
  readonly provider?: Provider;
  readonly element: ElementExchange;
  readonly sealer: Sealer;
  /** Tries with one link. */
  readonly links: Limit;
  /** Something was taken back that Prosody has not been told yet. */
  readonly untold: () => void;
  /** Seconds since 1970. */
  readonly now: () => number;
}

/** What a request carries from one handler to the next. */
export interface Carried {
  readonly Variables: {
    /** What a form held: texts alone, the last one of a name. */
    readonly form: Readonly<Record<string, string>>;
    readonly site: Site;
    /** Who signed in, opaque. */
    readonly account: string;
  };
}

export type EntryContext = Context<Carried>;
