import { mkdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { wordIn } from "../src/entry/texts/words.ts";
import { startBrowser } from "../test/apps/support/browser.ts";
import { startEntryApp } from "../test/entry/support/entry-app.ts";
import { STARTS } from "../test/entry/support/gallery.ts";

// node tools/screenshots.ts [PAGE…]: the entry pages in a real Chromium, as docs/screenshots/*.png.
// With names, only those pages, in every size and colour scheme, into the folder SCREENSHOTS names.

const SIZES = { phone: { width: 390, height: 844 }, desktop: { width: 1280, height: 800 } } as const;
type Size = keyof typeof SIZES;
type Scheme = "light" | "dark";
interface Shot {
  readonly page: string;
  readonly size: Size;
  readonly scheme: Scheme;
  readonly locale: string;
}

/** Few and telling. */
const TOUR: readonly Shot[] = [
  { page: "early", size: "phone", scheme: "light", locale: "en" },
  { page: "open", size: "phone", scheme: "dark", locale: "en" },
  { page: "ready", size: "phone", scheme: "light", locale: "de" },
  { page: "used", size: "phone", scheme: "dark", locale: "de" },
  { page: "desk", size: "desktop", scheme: "light", locale: "en" },
  { page: "made", size: "desktop", scheme: "dark", locale: "en" },
  { page: "before", size: "phone", scheme: "light", locale: "en" },
  { page: "ready-group", size: "phone", scheme: "dark", locale: "en" },
  { page: "desk", size: "phone", scheme: "dark", locale: "de" },
  { page: "receipts", size: "desktop", scheme: "light", locale: "de" },
  { page: "receipts", size: "phone", scheme: "dark", locale: "en" },
  { page: "kit", size: "desktop", scheme: "light", locale: "en" },
];

const LARGEST = 120_000;
const NOW = STARTS - 83 * 60;
/** What the desk's list shows: two links on this device. */
const MADE = [0, 90 * 60].map((later) => ({
  staffLink: `staff.${later}`,
  starts: STARTS + later,
  ends: STARTS + later + 3_000,
}));

/** Two of a group, as staff sees them. */
const waitingIn = (locale: string) =>
  [7, 2].map((number, index) => {
    const word = wordIn(locale, number);
    return { holder: `k3mz7q0a9xw2b5c8d1e4f6g${index}`, since: STARTS - 240 + 60 * index, ...(word && { word }) };
  });

async function main(names: readonly string[]): Promise<void> {
  const folder = process.env.SCREENSHOTS ?? "docs/screenshots";
  const every = names.flatMap((page) =>
    (["phone", "desktop"] as const).flatMap((size) =>
      (["light", "dark"] as const).map((scheme) => ({ page, size, scheme, locale: process.env.LOCALE ?? "de" })),
    ),
  );
  if (names.length === 0) await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const app = await startEntryApp({ site: { now: NOW } });
  const browser = await startBrowser([app.origin]);
  try {
    for (const { page: name, size, scheme, locale } of names.length > 0 ? every : TOUR) {
      app.waiting.splice(0, app.waiting.length, ...waitingIn(locale));
      const context = await browser.newContext({
        viewport: SIZES[size],
        colorScheme: scheme,
        deviceScaleFactor: size === "phone" ? 1.5 : 1,
        locale,
        timezoneId: "Europe/Berlin",
      });
      const page = await context.newPage();
      await page.clock.setFixedTime(new Date((name === "desk" ? STARTS - 120 : NOW) * 1000));
      await page.addInitScript(`localStorage.setItem("made", ${JSON.stringify(JSON.stringify(MADE))})`);
      await page.goto(`${app.origin}/page/${name}?lang=${locale}`, { waitUntil: "networkidle" });
      if (name === "open") {
        await page.locator("[data-start]").click();
        await page.locator('[data-row="microphone"][data-now="good"]').waitFor();
      }
      const path = join(folder, `${name}-${size}-${scheme}.png`);
      await page.screenshot({ path, fullPage: names.length > 0, animations: "disabled" });
      const { size: bytes } = await stat(path);
      process.stdout.write(`${path}: ${bytes} bytes\n`);
      if (bytes > LARGEST && names.length === 0) throw new Error(`${path} is larger than ${LARGEST} bytes.`);
      await context.close();
    }
  } finally {
    await browser.close();
    await app.stop();
  }
}

await main(process.argv.slice(2));
