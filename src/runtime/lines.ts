const NEWLINE = 10;

/**
 * The lines of a byte stream, decoded only when whole, so that a chunk may end anywhere, also inside a character.
 * Pulls the next chunk only when the lines of the last one were taken: back-pressure reaches the sender.
 */
export async function* lines(chunks: AsyncIterable<Buffer>): AsyncGenerator<string> {
  let begun: Buffer[] = [];
  for await (const chunk of chunks) {
    let from = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, from)) {
      begun.push(chunk.subarray(from, end));
      const line = (begun.length === 1 ? (begun[0] as Buffer) : Buffer.concat(begun)).toString("utf8");
      begun = [];
      from = end + 1;
      if (line !== "") yield line;
    }
    if (from < chunk.length) begun.push(chunk.subarray(from));
  }
  // What is left is half a line: the connection ended inside it, and the watch resumes before it.
}
