// A page with the shape of Element's jitsi.html and of the script of Jitsi that it runs, as far as the meeting page
// touches them: the token (apps/web/src/vector/jitsi/index.ts), the address of the frame (urlObjectToString of
// jitsi-meet, react/features/base/util/uri.ts), and the talk between frame and page (postis in @jitsi/js-utils).
"use strict";

const chat = { news: [], answers: 0 };
window.chat = chat;

const widget = new URLSearchParams(location.hash.slice(1));
const part = (bytes) => btoa(bytes).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

/** The token that anybody can make: it is signed with a public constant. */
async function passOf(openid, room) {
  const domain = widget.get("conferenceDomain");
  const claims = {
    iss: domain,
    sub: domain,
    aud: `https://${domain}`,
    room: "*",
    context: {
      matrix: { token: openid, room_id: room, server_name: "matrix.greenriver.example" },
      user: { avatar: "", name: widget.get("displayName") },
    },
  };
  const text = [{ alg: "HS256", typ: "JWT" }, claims].map((value) => part(JSON.stringify(value))).join(".");
  const encoder = new TextEncoder();
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", encoder.encode("notused"), algorithm, false, ["sign"]);
  const signature = new Uint8Array(await crypto.subtle.sign("HMAC", key, encoder.encode(text)));
  return `${text}.${part(String.fromCharCode(...signature))}`;
}

chat.join = async () => {
  const jwt = await passOf(widget.get("openid"), widget.get("roomId"));
  const value = (text) => encodeURIComponent(JSON.stringify(text));
  const fragment = [
    "jitsi_meet_external_api_id=0",
    `jwt=${JSON.stringify(jwt)}`,
    `config.subject=${value(widget.get("roomName"))}`,
    "config.startAudioOnly=false",
    `config.apiLogLevels=${value(["warn", "error"])}`,
    "interfaceConfig.SHOW_JITSI_WATERMARK=false",
    `userInfo.displayName=${value(widget.get("displayName"))}`,
    `userInfo.email=${value(widget.get("userId"))}`,
    `appData.localStorageContent=${value("{}")}`,
  ];
  const frame = document.createElement("iframe");
  frame.allow = "autoplay; camera; clipboard-write; display-capture; microphone; screen-wake-lock; speaker-selection";
  const place = `https://${widget.get("conferenceDomain")}/${widget.get("conferenceId")}`;
  frame.src = `${place}?jwt=${jwt}&lang=de#${fragment.join("&")}`;
  document.getElementById("call").append(frame);
  chat.frame = frame;
};

const scope = "jitsi_meet_external_api_0";
const mark = String(Date.now() + Math.random());
let ready = false;
const post = (method, params) =>
  chat.frame && chat.frame.contentWindow.postMessage(JSON.stringify({ postis: true, scope, method, params }), "*");
setInterval(() => ready || post("__ready__", mark), 50);
addEventListener("message", ({ data, source }) => {
  if (!chat.frame || source !== chat.frame.contentWindow) return;
  const { method, params } = JSON.parse(data);
  if (method === "message") chat.news.push(params.data.name);
  else if (params === mark) ready = true;
  else post("__ready__", params);
});
chat.command = (name, ...data) => post("message", { type: "event", data: { data, name } });

chat.join();
