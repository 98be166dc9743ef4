/**
 * The one difference between a container and these tests: where files are mounted, which ports are free, and
 * how a neighbour is called. Everything else of a rendered file runs as it is.
 * @throws Error when a place is not in the text: then the test would run something else than it says.
 */
export function relocated(text: string, places: Readonly<Record<string, string>>): string {
  return Object.entries(places).reduce((moved, [from, to]) => {
    if (!moved.includes(from)) throw new Error(`${from} is not in the file, so it cannot be moved to ${to}.`);
    return moved.replaceAll(from, to);
  }, text);
}
