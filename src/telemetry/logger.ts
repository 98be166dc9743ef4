import { type DestinationStream, type Logger, pino } from "pino";

export type { Logger } from "pino";

/** Field names whose value never reaches a log, up to three levels deep. */
const SECRET_FIELDS = [
  "authorization",
  "Authorization",
  "token",
  "password",
  "secret",
  "privateKey",
  "data",
  "stringData",
  "body",
];

/**
 * JSON lines on stdout, one object each, times in ISO 8601.
 * @param destination where the lines go instead of stdout (tests).
 */
export function createLogger(level: string, destination?: DestinationStream): Logger {
  const paths = SECRET_FIELDS.flatMap((field) => [field, `*.${field}`, `*.*.${field}`]);
  const options = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    redact: { paths, censor: "[redacted]" },
    serializers: { err: describeError },
  };
  return destination ? pino(options, destination) : pino(options);
}

/** Only what is known to be safe: an error may carry a request or an answer in further fields. */
function describeError(error: unknown): object {
  if (!(error instanceof Error)) return { message: String(error) };
  const { name, message, stack } = error;
  return { name, message, stack };
}
