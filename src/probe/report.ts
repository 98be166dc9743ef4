import { z } from "zod";

const names = z.array(z.string().max(80)).max(64);

const toldSchema = z.strictObject({
  /** How many ways were tried. */
  tried: z.int().min(0),
  /** What got through although nothing lets it. */
  open: names,
  /** What did not get through although it may. */
  shut: names,
  /** What got through at first, and then no more. */
  late: names,
});

/** What a pod found out: names of what it was told to try, never an address. */
export type Told = Readonly<z.output<typeof toldSchema>>;

/** The kubelet keeps 4,096 bytes of a pod's last words (`pkg/kubelet/container/runtime.go`). */
const LONGEST = 4096;

/** The last words of a pod. Cut where there is no room: that something is open is told by the first of them. */
export function wordsOf(told: Told): string {
  for (let kept = 64; kept > 0; kept = Math.floor(kept / 2)) {
    const cut = (list: readonly string[]) => list.slice(0, kept);
    const words = JSON.stringify({ ...told, open: cut(told.open), shut: cut(told.shut), late: cut(told.late) });
    if (Buffer.byteLength(words) <= LONGEST) return words;
  }
  throw new Error("The names of what was tried are too long.");
}

/** `undefined` for anything but a report. */
export function toldBy(words: string | undefined): Told | undefined {
  try {
    return toldSchema.parse(JSON.parse(words ?? ""));
  } catch {
    return undefined;
  }
}
