import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import type { Manifest } from "../../src/manifest.ts";

/** A manifest that we and the API server must judge alike. */
export interface Specimen {
  /** `bad/hosts-equal.yaml` */
  readonly file: string;
  readonly good: boolean;
  /** Of a bad one: the field to blame and, where one is stated, a part of the message; both judges must name them. */
  readonly expect?: { readonly path: string; readonly message: string };
  /** What the practice was before; then only the change to `manifest` is judged. */
  readonly from?: Manifest;
  readonly manifest: Manifest;
}

/** Every manifest below `good/` and `bad/`. A file of two documents holds a change: `# from`, `# to`. */
export function corpus(): readonly Specimen[] {
  return ["good", "bad"].flatMap((folder) =>
    readdirSync(join(import.meta.dirname, folder)).map((name) => specimen(`${folder}/${name}`, folder === "good")),
  );
}

function specimen(file: string, good: boolean): Specimen {
  const text = readFileSync(join(import.meta.dirname, file), "utf8");
  const documents = parseAllDocuments(text).map((document) => document.toJS() as Manifest);
  const [manifest, from] = documents.toReversed();
  const [, path, message = ""] = /^# expect: (\S+)(?: (.+))?$/m.exec(text) ?? [];
  if (!manifest || documents.length > 2) throw new Error(`${file} must hold one or two documents.`);
  if (good === (path !== undefined))
    throw new Error(`${file}: bad manifests say "# expect: <path>", good ones do not.`);
  return { file, good, manifest, ...(from && { from }), ...(path !== undefined && { expect: { path, message } }) };
}
