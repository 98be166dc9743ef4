const TEXTS = {
  en: {
    android: "This browser cannot encrypt calls end to end. Please open your link in Chrome.",
    apple:
      "No browser on an iPhone or iPad can encrypt these calls end to end today. Please open your link on a computer, in Chrome or Edge, or on an Android phone, in Chrome.",
    desktop:
      "This browser cannot encrypt calls end to end. Please open your link in Chrome, Edge or another browser built on Chromium.",
    version:
      "This version of the video page was not tested with the practice's safety rules, so no call is made. Please tell the practice.",
    off: "The encryption was off or got lost, so the call was ended. Please open your link again.",
    differ:
      "The safety symbols were not confirmed, so the call was ended. Please open your link again. If it happens twice, do not talk about anything confidential here and tell the practice.",
    ended: "The call has ended. You can close this window.",
    again: "Join again",
    practice: "To the practice's page",
    wait: "Please wait, the practice will let you in.",
    failed:
      "You could not be let in. Perhaps your link is not valid yet or any more, or somebody else uses it. Please try again or ask the practice.",
    lost: "The connection got lost. Please try again.",
    sealing: "The encryption is being set up. Until then nobody sees or hears you.",
    compare:
      "Is nobody listening in? Read the seven symbols out to each other. If both of you see the same ones in the same order, say that they match.",
    required:
      "Before sound and picture start, phone each other and compare the seven symbols. If both of you see the same ones in the same order, say that they match.",
    mismatch: "You said that the symbols differ. Then somebody may be listening in: please end the call.",
    end: "End the call",
    minutes: "This call ends in less than five minutes.",
    extend: "15 minutes more",
    preparing: "One moment, the call is being prepared.",
    chat: "This call opens from its room in the chat only. Please go back to the chat and open it there.",
    stale: "Your sign-in could not be confirmed. Please close this call and open it again from its room in the chat.",
    stranger:
      "You are not in the room that this call belongs to. Please open calls from your own room, or ask the practice.",
    early: "The practice has not opened this call yet. Please try again in a moment.",
    unreachable: "The call could not be prepared. Please try again. If it happens again, please tell the practice.",
    retry: "Try again",
  },
  de: {
    android: "Dieser Browser kann Gespräche nicht Ende-zu-Ende verschlüsseln. Bitte öffnen Sie Ihren Link in Chrome.",
    apple:
      "Auf iPhone und iPad kann zurzeit kein Browser diese Gespräche Ende-zu-Ende verschlüsseln. Bitte öffnen Sie Ihren Link an einem Computer in Chrome oder Edge oder auf einem Android-Telefon in Chrome.",
    desktop:
      "Dieser Browser kann Gespräche nicht Ende-zu-Ende verschlüsseln. Bitte öffnen Sie Ihren Link in Chrome, Edge oder einem anderen Browser auf Chromium-Grundlage.",
    version:
      "Diese Fassung der Videoseite wurde nicht mit den Sicherheitsregeln der Praxis geprüft, darum gibt es kein Gespräch. Bitte sagen Sie der Praxis Bescheid.",
    off: "Die Verschlüsselung war aus oder ging verloren, darum wurde das Gespräch beendet. Bitte öffnen Sie Ihren Link noch einmal.",
    differ:
      "Die Sicherheitssymbole wurden nicht bestätigt, darum wurde das Gespräch beendet. Bitte öffnen Sie Ihren Link noch einmal. Geschieht es wieder, besprechen Sie hier nichts Vertrauliches und sagen Sie der Praxis Bescheid.",
    ended: "Das Gespräch ist beendet. Sie können dieses Fenster schließen.",
    again: "Wieder eintreten",
    practice: "Zur Seite der Praxis",
    wait: "Bitte warten Sie, die Praxis lässt Sie gleich ein.",
    failed:
      "Der Eintritt hat nicht geklappt. Vielleicht gilt Ihr Link noch nicht oder nicht mehr, oder jemand anderes benutzt ihn. Bitte versuchen Sie es noch einmal oder fragen Sie die Praxis.",
    lost: "Die Verbindung ist abgerissen. Bitte versuchen Sie es noch einmal.",
    sealing: "Die Verschlüsselung wird aufgebaut. Bis dahin sieht und hört Sie niemand.",
    compare:
      "Hört niemand mit? Lesen Sie einander die sieben Symbole vor. Sehen Sie beide dieselben in derselben Reihenfolge, dann bestätigen Sie, dass sie übereinstimmen.",
    required:
      "Bevor Ton und Bild beginnen, rufen Sie einander an und vergleichen Sie die sieben Symbole. Sehen Sie beide dieselben in derselben Reihenfolge, dann bestätigen Sie, dass sie übereinstimmen.",
    mismatch:
      "Sie haben angegeben, dass die Symbole verschieden sind. Dann hört vielleicht jemand mit: Bitte beenden Sie das Gespräch.",
    end: "Gespräch beenden",
    minutes: "Dieses Gespräch endet in weniger als fünf Minuten.",
    extend: "15 Minuten länger",
    preparing: "Einen Augenblick bitte, das Gespräch wird vorbereitet.",
    chat: "Dieses Gespräch öffnet sich nur aus seinem Raum im Chat. Bitte gehen Sie zurück zum Chat und öffnen Sie es dort.",
    stale:
      "Ihre Anmeldung ließ sich nicht bestätigen. Bitte schließen Sie dieses Gespräch und öffnen Sie es noch einmal aus seinem Raum im Chat.",
    stranger:
      "Sie sind nicht in dem Raum, zu dem dieses Gespräch gehört. Bitte öffnen Sie Gespräche aus Ihrem eigenen Raum oder fragen Sie die Praxis.",
    early: "Die Praxis hat dieses Gespräch noch nicht geöffnet. Bitte versuchen Sie es gleich noch einmal.",
    unreachable:
      "Das Gespräch ließ sich nicht vorbereiten. Bitte versuchen Sie es noch einmal. Geschieht es wieder, sagen Sie bitte der Praxis Bescheid.",
    retry: "Noch einmal versuchen",
  },
};

/** The texts in the browser's language, else in the practice's. */
export function textsFor(browser, practice) {
  return TEXTS[String(browser).slice(0, 2)] || TEXTS[practice] || TEXTS.en;
}
