/** The content of a configuration file as plain data. */
export type Settings = { readonly [key: string]: unknown };

/**
 * Two objects as one: what is enforced is merged last and wins, key by key, at every depth.
 * Lists and other values are replaced as a whole.
 */
export function merged(defaults: Settings, enforced: Settings): Settings {
  const result: Record<string, unknown> = { ...defaults };
  for (const [key, value] of Object.entries(enforced)) {
    const below = result[key];
    result[key] = isSettings(below) && isSettings(value) ? merged(below, value) : value;
  }
  return result;
}

function isSettings(value: unknown): value is Settings {
  return typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}
