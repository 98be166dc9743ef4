import type { Connection } from "../bed/api.ts";
import type { KeyPair } from "../bed/pki.ts";

/** What the setup of the cluster tier hands to the tests, which run in other processes. */
export interface SharedBed {
  readonly adminConnection: Connection;
  /** What the API server, or a proxy in front of it, shows its clients. */
  readonly serverIdentity: KeyPair;
  /** Path of the administrator's kubeconfig. */
  readonly kubeconfig: string;
  /** Folder with `kubectl`, and with the programs of the control plane where they are plain processes. */
  readonly binaries: string;
  readonly auditLog: string;
}
