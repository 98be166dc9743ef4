import { type Check, violation } from "./policy.ts";
import { running } from "./programs.ts";

/** What `pruner.sql` may change: where and when devices were used, and what has expired. No message, no key, no member. */
const TABLES = new Set(["devices", "user_daily_visits", "open_id_tokens", "local_media_repository"]);
const CHANGES = /\b(?:update|delete\s+from|insert\s+into|truncate(?:\s+table)?|from|join|copy|table)\s+([a-z_."]+)/gi;
const RIGHTS = /\bgrant\s+([^;]*?)\s+on\s+([^;]*?)\s+to\b/gi;
const FUNCTION = "function public.prune_residue()";

/** What else the script says: from where it learns whether its role and Synapse's tables are there. */
const CATALOGUE = new Set(["pg_roles", "now", "public"]);

export const prunerTouchesNoMessage: Check = {
  name: "pruner-touches-no-message",
  promise: "metadata",
  because:
    "The pruner logs in to the database that holds every message. It may call one function, and that function changes " +
    "four tables in which habits pile up, and nothing else.",
  violations: ({ objects }) =>
    running(objects, "make-database").flatMap(({ pod, path, read }) => {
      const sql = read(path?.replace(/[^/]+$/, "pruner.sql"));
      if (sql === undefined) return [violation(pod.workload, "What the pruner may do is not written down.")];
      const touched = [...sql.matchAll(CHANGES)].map(([, table = ""]) => table.toLowerCase());
      const granted = [...sql.matchAll(RIGHTS)].map(([, right, on]) => `${right} on ${on}`.toLowerCase());
      const wide = touched.some((table) => !TABLES.has(table) && !CATALOGUE.has(table));
      const mighty = granted.some(
        (right) => !["connect on database synapse", `execute on ${FUNCTION}`].includes(right),
      );
      const member = /\bgrant\s+(?!connect\b|execute\b)/i.test(sql) || /\b(?:superuser|bypassrls)\b/i.test(sql);
      return wide || mighty || member
        ? [violation(pod.workload, "The pruner may do more in the database than take habits away.")]
        : [];
    }),
};
