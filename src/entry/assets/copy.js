/** Copies a text and says next to the button whether that worked. */
export async function copy(text, status, { done, failed }) {
  try {
    await navigator.clipboard.writeText(text);
    status.textContent = done;
  } catch {
    status.textContent = failed;
  }
}
