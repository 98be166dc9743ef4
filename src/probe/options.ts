import { z } from "zod";

const port = z.int().min(1).max(65535);
const protocol = z.enum(["TCP", "UDP"]);

const targetSchema = z.strictObject({
  /** What it is called in the report; never an address. */
  name: z.string().min(1).max(80),
  /** `listener`: somebody who echoes; the others are found in the pod. `anything`: whoever takes a connection. */
  kind: z.enum(["listener", "anything", "apiServer", "dns", "besideDns"]),
  host: z.string().optional(),
  port: port.optional(),
  protocol,
  /** Whether the policies let it through. */
  open: z.boolean(),
});

/** Something to be tried, and what is declared of it. */
export type Target = Readonly<z.output<typeof targetSchema>>;

/** A port to answer at. */
export interface Door {
  readonly port: number;
  readonly protocol: "TCP" | "UDP";
}

/** What a pod is told to try: JSON in `PROBE_DIAL`. @throws Error when it is not that. */
export function targetsIn(environment: Readonly<Record<string, string | undefined>>): readonly Target[] {
  return z.array(targetSchema).parse(JSON.parse(environment["PROBE_DIAL"] ?? "[]"));
}

/** Where a pod is told to answer: `TCP/5432 UDP/10000` in `PROBE_LISTEN`. @throws Error when it is not that. */
export function doorsIn(environment: Readonly<Record<string, string | undefined>>): readonly Door[] {
  const words = (environment["PROBE_LISTEN"] ?? "").split(" ").filter(Boolean);
  return words.map((word) => {
    const [name, number] = word.split("/");
    return { protocol: protocol.parse(name), port: port.parse(Number(number)) };
  });
}
