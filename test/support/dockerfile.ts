import { cp, readFile } from "node:fs/promises";
import { join } from "node:path";
import { run } from "../bed/run.ts";

/**
 * Does in the folder `into` what the Dockerfile's first stage does in `/app`: its COPY and RUN lines, one after another.
 * It is no builder of images; what it does not understand it refuses.
 */
export async function runBuildStage(into: string, env: Readonly<Record<string, string>>): Promise<void> {
  const [, stage = ""] = (await readFile("Dockerfile", "utf8")).split(/^FROM .*$/m);
  for (const line of stage.split("\n").filter((text) => text.trim() !== "" && !text.startsWith("#"))) {
    const [instruction, ...words] = line.split(" ");
    if (instruction === "COPY") {
      const target = words.pop() ?? ".";
      for (const source of words)
        await cp(source, join(into, target, ...(target.endsWith("/") ? [source] : [])), { recursive: true });
    } else if (instruction === "RUN") await run("sh", ["-ec", words.join(" ")], { cwd: into, env });
    else if (line !== "WORKDIR /app") throw new Error(`The Dockerfile's "${line}" is not understood by this test.`);
  }
}
