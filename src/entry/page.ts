import type { EntryOptions } from "./options.ts";

const TEXTS = {
  de: {
    title: "Willkommen",
    body: "Diese Seite ist ein Platzhalter. Einladungen und Anmeldung sind in dieser Fassung noch nicht enthalten.",
    next: "Bitte wenden Sie sich für Ihren Termin direkt an die Praxis.",
    imprint: "Impressum",
    privacy: "Datenschutz",
  },
  en: {
    title: "Welcome",
    body: "This page is a placeholder. Invitations and sign-in are not part of this release yet.",
    next: "Please contact the practice directly about your appointment.",
    imprint: "Imprint",
    privacy: "Privacy",
  },
} as const;

/** The only style sheet, served from the same host. */
export const STYLES = `body{font:1.125rem/1.6 system-ui,sans-serif;max-width:34rem;margin:15vh auto 0;padding:0 1.5rem;color:#1d2b2a;background:#f7f9f8}
h1{font-weight:600}
footer{margin-top:4rem;font-size:.9rem}
a{color:#235f57;margin-right:1.5rem}
@media (prefers-color-scheme:dark){body{color:#e4eceb;background:#16201f}a{color:#8fd0c6}}
`;

/** The entry page as HTML. It says that it is a placeholder; it loads nothing from anywhere else. */
export function page({ locale, imprintUrl, privacyUrl }: EntryOptions): string {
  const text = TEXTS[locale];
  const link = (url: string | undefined, label: string) => (url ? `<a href="${escaped(url)}">${label}</a>` : "");
  return `<!doctype html>
<html lang="${locale}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${text.title}</title>
<link rel="stylesheet" href="/style.css">
</head>
<body>
<main>
<h1>${text.title}</h1>
<p>${text.body}</p>
<p>${text.next}</p>
</main>
<footer>${link(imprintUrl, text.imprint)}${link(privacyUrl, text.privacy)}</footer>
</body>
</html>
`;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll('"', "&quot;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
