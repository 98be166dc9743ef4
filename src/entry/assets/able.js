/** What this device needs another browser for, or nothing: the same answer as the meeting page's own guard gives. */
export function lacking() {
  const sender = window.RTCRtpSender && window.RTCRtpSender.prototype;
  const able =
    window.isSecureContext &&
    window.RTCPeerConnection &&
    window.WebAssembly &&
    window.Worker &&
    window.crypto &&
    window.crypto.subtle &&
    // Only Chromium has it. Firefox and Safari have a transform as well, but calls with them were not proven.
    sender &&
    "createEncodedStreams" in sender;
  if (able) return undefined;
  if (/iPhone|iPad|iPod/.test(navigator.userAgent)) return "apple";
  if (/Macintosh/.test(navigator.userAgent) && navigator.maxTouchPoints > 1) return "apple"; // an iPad says Macintosh
  return /Android/.test(navigator.userAgent) ? "android" : "desktop";
}
