import type { Report } from "./report.ts";

/** What no look at a practice's objects can tell. Whoever runs the cluster is asked. */
export const DUTIES: Report["duties"] = [
  {
    duty: "Secrets encrypted where the API server keeps them",
    ask: "Is there an EncryptionConfiguration, and who holds its key?",
  },
  { duty: "An audit log of the API server", ask: "Who reads it, and how long is it kept?" },
  {
    duty: "Who may read Secrets, start pods and forward ports in this namespace",
    ask: "kubectl auth can-i --list, for each group that has a role here; and who administers the cluster?",
  },
  {
    duty: "No client addresses in logs of the ingress controller and the load balancer",
    ask: "Are their access logs off, or without addresses and queries?",
  },
  { duty: "Nodes kept up to date", ask: "Who patches them, how soon, and who may sign in to them?" },
  { duty: "Volumes encrypted at rest", ask: "What does the storage class say, and who holds the key?" },
  { duty: "Backups that were restored once", ask: "When was the last one made, and when the last one tried?" },
  { duty: "Clocks that are right", ask: "Do nodes keep time? Links and tokens open and close by it." },
  { duty: "Images that are what they say", ask: "Who may push to the registry, and are signatures checked?" },
];
