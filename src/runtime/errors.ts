/** The three ways in which a step ends a reconcile early. Steps throw; only the controller decides what follows. */

/** The API server's refusal, as its Status says. */
export class ApiError extends Error {
  readonly status: number;
  /** `Forbidden`, `Conflict`, `AlreadyExists`, `Invalid`, …; empty when the server gave none. */
  readonly reason: string;
  readonly causes: readonly { readonly field?: string; readonly message?: string; readonly reason?: string }[];
  readonly retryAfterSeconds: number | undefined;

  constructor(
    status: number,
    message: string,
    details: { reason?: string; causes?: ApiError["causes"]; retryAfterSeconds?: number } = {},
  ) {
    super(message);
    this.name = "ApiError";
    this.status = status;
    this.reason = details.reason ?? "";
    this.causes = details.causes ?? [];
    this.retryAfterSeconds = details.retryAfterSeconds;
  }
}

/** The practice cannot go on until somebody changes something: no retry but a slow look. */
export class Stalled<Reason extends string = string> extends Error {
  readonly reason: Reason;

  constructor(reason: Reason, message: string) {
    super(message);
    this.name = "Stalled";
    this.reason = reason;
  }
}

/** Not yet: come back after `seconds`, or earlier when a watched object changes. */
export class Waiting<Reason extends string = string> extends Error {
  readonly reason: Reason;
  readonly seconds: number;

  constructor(reason: Reason, message: string, seconds: number) {
    super(message);
    this.name = "Waiting";
    this.reason = reason;
    this.seconds = seconds;
  }
}
