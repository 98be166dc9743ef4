/**
 * Asks the registries which digest each operand image has now. `npm run images` prints one line per image, ready to be
 * pinned in `src/versions.ts`, and ends with 1 when a pinned digest is not what its tag points to.
 */
import { digestOf, parseImage } from "./registry.ts";
import { DEFAULT_IMAGES } from "../src/versions.ts";

let wrong = 0;
for (const [name, image] of Object.entries(DEFAULT_IMAGES)) {
  const { digest: pinned } = parseImage(image);
  const said = await digestOf(image).catch((error: unknown) =>
    error instanceof Error ? error : new Error(String(error)),
  );
  if (said instanceof Error) {
    wrong += pinned ? 1 : 0;
    console.log(`${name}: ${image} could not be read: ${said.message}`);
  } else if (pinned && pinned !== said) {
    wrong += 1;
    console.log(`${name}: ${image} is pinned, but its tag points to ${said} now`);
  } else {
    console.log(`${name}: ${image.split("@")[0]}@${said}${pinned ? " (as pinned)" : " (not pinned yet)"}`);
  }
}
process.exitCode = wrong > 0 ? 1 : 0;
