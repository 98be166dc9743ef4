import { LABEL } from "../api/group.ts";
import { loadAssets } from "../assets.ts";
import { type Restore, restoreJobs } from "../components/matrix/restore.ts";
import { loadConfig } from "../config.ts";
import type { Manifest } from "../manifest.ts";
import { defaultIdentity } from "../practice/resolve.ts";
import { render } from "../render/render.ts";
import type { PracticeInput } from "./arguments.ts";
import { keysOf } from "./backup-keys.ts";
import type { Contents, Keys } from "./backup-set.ts";
import { BadInput } from "./bad-input.ts";
import { nothingObserved, resolvePractice } from "./render.ts";

/** What a restored practice consists of before its operator sees it. */
export interface Wanted {
  readonly contents: Contents;
  readonly claims: readonly Manifest[];
  readonly secrets: readonly Manifest[];
  readonly identity: Manifest;
  /** Needed only while the database is filled. */
  readonly files: Manifest;
  readonly jobs: Restore;
  /** The name of the Secret that tells the pods their token. */
  readonly tokenSecret: string;
}

/** @throws BadInput when the manifest asks for something else than the backup holds. */
export function wantedOf({ resource, spec }: PracticeInput, contents: Contents, given: Keys, config?: string): Wanted {
  const { namespace, name } = resource.metadata;
  if (contents.practice !== name)
    throw new BadInput(
      `The backup is of the practice ${contents.practice}, the manifest of ${name}. The names must be the same.`,
    );
  const keys = keysOf(given, name);
  const born = { ...defaultIdentity(namespace, name, spec), mediaPort: Number(keys.identity["mediaPort"]) };
  if (contents.serverName !== born.serverName) {
    throw new BadInput(
      `The backup is of ${contents.serverName}, but the manifest asks for ${born.serverName}, and a server's name can never change. Set spec.hosts.matrix: ${contents.serverName}`,
    );
  }
  if (contents.postgresMajor > born.postgresMajor) {
    throw new BadInput(
      `The backup is of PostgreSQL ${contents.postgresMajor}; this release brings ${born.postgresMajor}, which cannot read it. Use a newer release.`,
    );
  }
  const practice = resolvePractice({ resource, spec, options: loadConfig({ config }), identity: born });
  if (practice.messaging.database.kind !== "managed")
    throw new BadInput(
      "The manifest's database is run by others: have it restored there. docs/backup.md tells the rest.",
    );

  const numbered = (secret: string) =>
    Object.keys(keys.secrets).find((one) => one.startsWith(`${name}-${secret}-`)) ?? "";
  const nothing = nothingObserved(name);
  const secrets = { ...nothing.secrets, database: numbered("database"), synapse: numbered("synapse") };
  const observed = { ...nothing, secrets };
  const { manifests } = render({ practice, observed, assets: loadAssets() });
  const files = manifests.find(
    ({ kind, metadata }) => kind === "ConfigMap" && metadata.name.startsWith(`${practice.names.postgres}-`),
  );
  if (!files) throw new Error("The database is not rendered.");
  const left = (object: Manifest): Manifest => ({ ...object, metadata: marked(object.metadata, namespace, name) });
  const { databaseVolume, messagesVolume, identity, backup } = practice.names;
  return {
    contents,
    claims: manifests
      .filter((o) => o.kind === "PersistentVolumeClaim" && [databaseVolume, messagesVolume].includes(o.metadata.name))
      .map(left),
    secrets: Object.entries(keys.secrets).map(([secret, data]) =>
      left({ apiVersion: "v1", kind: "Secret", type: "Opaque", immutable: true, metadata: { name: secret }, data }),
    ),
    identity: left({
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: identity },
      data: { ...keys.identity, serverName: born.serverName, postgresMajor: String(born.postgresMajor) },
    }),
    files: {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: files.metadata.name, namespace },
      data: files["data"],
    },
    jobs: restoreJobs(practice, observed, files.metadata.name),
    tokenSecret: backup,
  };
}

/** As what a practice of this name left behind, so that the next one takes it up. */
function marked(metadata: Manifest["metadata"], namespace: string, name: string): Manifest["metadata"] {
  return {
    name: metadata.name,
    namespace,
    labels: {
      ...metadata.labels,
      [LABEL.practice]: name,
      [LABEL.retainedFrom]: "backup",
      [LABEL.managedBy]: "telehealth-operator",
      [LABEL.partOf]: name,
    },
  };
}
