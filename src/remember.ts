/** The same function, asked only once per argument, which must never change: so neither do answers. */
export function remember<K extends object, V>(make: (key: K) => V): (key: K) => V {
  const known = new WeakMap<K, { readonly value: V }>();
  return (key) => {
    const found = known.get(key) ?? { value: make(key) };
    known.set(key, found);
    return found.value;
  };
}

/** Enough for the files of the practices that are looked at together, and few enough to weigh nothing. */
const TEXTS = 128;

/**
 * The same for texts: what was rendered is soon judged again as it is live, and many practices have files alike. The text is
 * compared as a whole; only the last ones are kept.
 */
export function rememberText<V>(make: (text: string) => V): (text: string) => V {
  const known = new Map<string, { readonly value: V }>();
  return (text) => {
    const found = known.get(text) ?? { value: make(text) };
    known.delete(text);
    known.set(text, found);
    const [oldest] = known.keys();
    if (known.size > TEXTS && oldest !== undefined) known.delete(oldest);
    return found.value;
  };
}
