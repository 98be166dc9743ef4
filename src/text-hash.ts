import { hash } from "node:crypto";
import { rememberText } from "./remember.ts";

/**
 * SHA-256 of a text, base64url. One that was just asked for is not hashed again: a file is named by its content, and that is
 * checked when it is rendered, when it is compared, and as it is live.
 */
export const textHash: (text: string) => string = rememberText((text) => hash("sha256", text, "base64url"));
