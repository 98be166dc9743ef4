/** What went over a page's signalling websocket. */
export interface Stanza {
  readonly sent: boolean;
  readonly text: string;
}

const attribute = (text: string, name: string) => new RegExp(`^<\\w+[^>]*\\b${name}=["']([^"']+)["']`).exec(text)?.[1];

/** What was answered with an error, each as what was asked and the condition; without names. */
export function refusedIn(stanzas: readonly Stanza[]): string[] {
  return stanzas.flatMap(({ sent, text }) => {
    if (sent || attribute(text, "type") !== "error") return [];
    const condition = /<error[^>]*>.*?<([\w-]+) [^>]*xmpp-stanzas/.exec(text)?.[1] ?? "unknown";
    const id = attribute(text, "id");
    const asked = stanzas.find((stanza) => stanza.sent && id !== undefined && attribute(stanza.text, "id") === id);
    const [, name = "", payload = ""] = /^<(\w+)[^>]*>(?:<([^>]+)>)?/.exec(asked?.text ?? text) ?? [];
    const to = (asked && attribute(asked.text, "to"))?.replace(/^[^@]*@/, "…@").replace(/\/.*/, "/…");
    return [`${name} ${attribute(asked?.text ?? "", "type")} to ${to}: <${payload}> → ${condition}`];
  });
}
