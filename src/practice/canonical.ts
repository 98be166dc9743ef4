/** JSON with sorted keys, for values whose order of keys means nothing: equal values give equal texts. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_, item: unknown) =>
    typeof item === "object" && item !== null && !Array.isArray(item)
      ? inOrder(item as Readonly<Record<string, unknown>>)
      : item,
  );
}

function inOrder(item: Readonly<Record<string, unknown>>): object {
  const keys = Object.keys(item).toSorted();
  return Object.fromEntries(keys.map((key) => [key, item[key]]));
}
