import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium as playwright } from "playwright-core";
import { CALM } from "./browser.ts";
import { chromium } from "./programs.ts";

/** A policy as Chromium shows it: a value that it took, or why it did not. */
export interface ShownPolicy {
  readonly value: unknown;
  readonly error?: string;
}

/** What chrome://policy tells: the policies that this Chromium knows, and those that it was given. */
export interface ShownPolicies {
  readonly known: readonly string[];
  readonly given: Readonly<Record<string, ShownPolicy>>;
}

/** Its own page asks the same way. */
const ASK = `import("chrome://resources/js/cr.js").then(({ addWebUiListener, sendWithPromise }) => new Promise((told, late) => {
  addWebUiListener("policies-updated", (names, values) => told({
    known: names.chrome.policyNames,
    given: values.policyGroups.chrome.policies,
  }));
  sendWithPromise("listenPoliciesUpdates");
  setTimeout(() => late(new Error("chrome://policy tells nothing")), 15000);
}))`;

/** Runs Chromium with a policy file in the place where it looks for it, in a mount namespace: /etc itself stays. */
export async function policiesShown(policies: string): Promise<ShownPolicies> {
  if (process.getuid?.() !== 0) {
    throw new Error(
      "Chromium's policies were not tested: that needs root, for a mount namespace. Run the tests as root.",
    );
  }
  const folder = await mkdtemp(join(tmpdir(), "managed-"));
  const { command, env } = await chromium();
  const wrapper = join(folder, "chromium");
  await writeFile(join(folder, "policy.json"), policies);
  await writeFile(
    wrapper,
    `#!/bin/sh
exec unshare --mount sh -ec '
mount -t tmpfs none /mnt
mkdir /mnt/upper /mnt/work
mount -t overlay overlay -o lowerdir=/etc,upperdir=/mnt/upper,workdir=/mnt/work /etc
mkdir -p /etc/chromium/policies/managed
cp ${folder}/policy.json /etc/chromium/policies/managed/
exec "$@"' sh ${command} "$@"
`,
    { mode: 0o755 },
  );
  const browser = await playwright.launch({
    executablePath: wrapper,
    env: { ...process.env, ...env },
    args: [...CALM, "--host-resolver-rules=MAP * 127.0.0.1"],
  });
  try {
    const page = await browser.newPage();
    await page.goto("chrome://policy", { waitUntil: "commit" });
    return await page.evaluate<ShownPolicies>(ASK);
  } finally {
    await browser.close();
    await rm(folder, { recursive: true });
  }
}
