import { Document } from "yaml";
import type { Manifest } from "../manifest.ts";

/**
 * Objects as YAML documents, for people, `kubectl` and goldens. Kubernetes still reads YAML 1.1, so `on`, `yes` or
 * `12:30` are quoted. Equal objects give equal bytes.
 */
export function toYaml(objects: readonly Manifest[]): string {
  return objects.map((object) => `---\n${documentOf(object)}`).join("");
}

function documentOf(object: Manifest): string {
  const document = new Document(object, { compat: "yaml-1.1", aliasDuplicateObjects: false });
  return document.toString({ lineWidth: 0 });
}
