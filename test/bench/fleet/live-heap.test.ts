import { spawn } from "node:child_process";
import { expect, it } from "vitest";
import { freePort } from "../../bed/ports.ts";
import { liveHeapMiB } from "./live-heap.ts";

/** Holds as many MiB as a line on its standard input says. */
const HOLDER = `
  let held = [];
  process.stdin.on("data", (mib) => {
    held = Array.from({ length: Number(mib) * 1024 }, (_, n) => String(n).padEnd(1024).split("").join(""));
    console.log("held");
  });
  console.log("ready");
`;

it("tells what a process holds, and not what it has let go of", async ({ onTestFinished }) => {
  const port = await freePort();
  const child = spawn(process.execPath, [`--inspect-port=127.0.0.1:${port}`, "-e", HOLDER]);
  onTestFinished(() => void child.kill());
  const said = () => new Promise((resolve) => child.stdout.once("data", resolve));
  const hold = async (mib: number) => {
    const answer = said();
    child.stdin.write(`${mib}\n`);
    await answer;
    return liveHeapMiB(child.pid ?? 0, port);
  };
  await said();
  const nothing = await hold(0);
  const much = await hold(40);
  expect(much - nothing).toBeGreaterThan(39);
  expect((await hold(0)) - nothing).toBeLessThan(2);
});
