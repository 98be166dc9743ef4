import { readdirSync } from "node:fs";
import { join } from "node:path";
import { unpackedPackages } from "../apps/support/debian.ts";

/**
 * What makes a program read another time of day than this machine's, in all of its threads. The shift stands in `file` as
 * `+10m` or `-10m` and may be changed while the program runs. Clocks that only count are left alone, as they are when
 * somebody sets a machine's clock.
 */
export async function shiftedClock(file: string): Promise<Readonly<Record<string, string>>> {
  const libraries = join(await unpackedPackages("faketime", ["libfaketime"]), "usr", "lib");
  const [machine = ""] = readdirSync(libraries).filter((folder) => folder.includes("-linux-"));
  return {
    LD_PRELOAD: join(libraries, machine, "faketime", "libfaketime.so.1"),
    FAKETIME_TIMESTAMP_FILE: file,
    FAKETIME_CACHE_DURATION: "1",
    FAKETIME_DONT_FAKE_MONOTONIC: "1",
  };
}
