import { z } from "zod";
import { configSchema } from "../config.ts";
import { roomClaimsSchema } from "../entry/token.ts";
import { METRICS } from "../telemetry/metrics.ts";

/** `docs/reference/metrics.md`. */
export function metricsPage(): string {
  const rows = Object.values(METRICS).map(({ name, type, labels, help }) => {
    return [code(name), type, labels.map(code).join(", "), help];
  });
  return page(
    "Metrics",
    "Served by the operator at `/metrics`. None has a label per practice, room or person.",
    table(["metric", "type", "labels", "counts"], rows),
  );
}

/** `docs/reference/options.md`. */
export function optionsPage(): string {
  const schema = z.toJSONSchema(configSchema, { io: "input" });
  return page(
    "Options of the operator",
    "One YAML file, named by `--config` or `TELEHEALTH_CONFIG`; with the chart it is the value `config`. " +
      "`TELEHEALTH_WATCH_NAMESPACES` (separated by commas) and `TELEHEALTH_LOG_LEVEL` win over the file. " +
      "The chart sets `telemetry`, `leaderElection`, `operatorPeers` and `images.operator` itself.",
    table(["option", "default", "what it is"], optionRows(schema, "")),
  );
}

/** `docs/reference/room-token.md`. */
export function roomTokenPage(): string {
  const schema = z.toJSONSchema(roomClaimsSchema);
  const rows = Object.entries(schema.properties ?? {}).map(([name, claim]) => {
    const { type = "", description = "" } = typeof claim === "boolean" ? {} : claim;
    return [code(name), String(type), description];
  });
  return page(
    "The room token",
    "A JSON Web Token that opens one room in one window of time. The entry page signs it with ES256; its header holds " +
      "`alg`, `typ: JWT` and `kid`, the number of the Secret that has the key. Prosody knows the public keys only, one " +
      "file per `kid`, and finds a new one without a restart. Every claim but `word` is required, and there is no other.\n\n" +
      "The window is the appointment with what comes before it. Once staff has been in the room everybody gets " +
      "`spec.video.sessions.graceMinutes` more, and staff can add to that; a session that nothing extends ends at `exp`.",
    table(["claim", "type", "what it says"], rows),
  );
}

function optionRows(schema: z.core.JSONSchema.BaseSchema, prefix: string): string[][] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, option]) => {
    if (typeof option === "boolean") return [];
    const path = `${prefix}${name}`;
    // The certificates and exposure of a practice are described with its own fields.
    const parts = prefix === "" ? optionRows(option, `${path}.`) : [];
    if (parts.length > 0 && name !== "images") return parts;
    return [
      [code(path), option.default === undefined ? "" : code(JSON.stringify(option.default)), option.description ?? ""],
    ];
  });
}

function page(title: string, introduction: string, content: string): string {
  return `# ${title}\n\n${introduction}\n\n${content}`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, head.map(() => "---"), ...rows];
  return lines.map((cells) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |\n`).join("");
}

const code = (text: string) => `\`${text}\``;
