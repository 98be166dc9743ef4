import { RENDER_CHAIN } from "../policy/index.ts";
import type { Entry, Evidence } from "./report.ts";

/** What is judged besides the promises. */
export function others(evidence: Evidence): readonly Entry[] {
  return [hardening(evidence), certificates(evidence), ...staff(evidence)];
}

function hardening({ findings, unread, status }: Evidence): Entry {
  const title = "Hardening of pods";
  const checks = RENDER_CHAIN.filter(({ promise }) => promise === "hardening").map(({ name }) => name);
  const found = findings.filter(({ check }) => checks.includes(check));
  const restricted = status.conditions?.find(({ type }) => type === "NamespaceHardened");
  const notCovered = ["Other namespaces, nodes, and whoever may label this namespace otherwise."];
  if (found.length > 0 && unread.length === 0) {
    const evidence = found.map(({ object, message, check }) => `${object}: ${message} (${check})`);
    return { title, state: "notMet", evidence, notCovered };
  }
  if (unread.length > 0 || !restricted) {
    return { title, state: "unknown", evidence: ["Not everything could be read."], notCovered };
  }
  const isRestricted = restricted.status === "True";
  return { title, state: isRestricted ? "met" : "notMet", evidence: [restricted.message], notCovered };
}

function certificates({ practice, status }: Evidence): Entry {
  const title = "Certificates";
  const notCovered = ["Which versions of TLS the edge of the cluster accepts."];
  if (practice.certificates.kind === "external") {
    const evidence = [
      "They come from outside the practice, as its manifest says; nobody here sees whether they are right.",
    ];
    return { title, state: "attested", evidence, notCovered };
  }
  const found = status.conditions?.find(({ type }) => type === "CertificatesReady");
  if (!found) return { title, state: "unknown", evidence: ["The operator has not said."], notCovered };
  const states = { True: "met", False: "notMet", Unknown: "unknown" } as const;
  return { title, state: states[found.status], evidence: [found.message], notCovered };
}

function staff({ practice }: Evidence): Entry[] {
  const { oidc } = practice.staff;
  if (!oidc) return [];
  return [
    {
      title: "Who is staff",
      state: "attested",
      evidence: [`${oidc.issuer} says so, by the claim ${oidc.claim.name}.`],
      notCovered: ["How that provider makes sure who somebody is."],
    },
  ];
}
