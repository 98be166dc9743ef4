/*
 * Guard of the meeting page. It is inlined before every other script of the page.
 *
 * Promises, for a browser that runs the page as we serve it:
 *   1. Nothing in the address can change the configuration: of the fragment only an allow-list of plain keys is
 *      kept, the query is dropped, before the app looks and again whenever the fragment changes.
 *   2. A browser that cannot encrypt media end to end, or a version of the app without the hooks that we need,
 *      gets an explanation and no call.
 *   3. Encryption is switched on before the join is sent, so not one frame goes out unencrypted.
 *   4. If encryption is off during a call, by whoever's hand, the call ends.
 * It does not protect against whoever serves this page; participants compare the safety symbols for that.
 */
(function () {
  "use strict";

  var BOOLEAN = /^(true|false)$/;
  var KEPT = {
    jwt: /^(%22|")[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+(%22|")$/,
    "userInfo.displayName": /^(%22|")[^&"<>]{0,200}(%22|")$/,
    "config.startWithAudioMuted": BOOLEAN,
    "config.startWithVideoMuted": BOOLEAN,
    "config.prejoinConfig.enabled": BOOLEAN,
  };

  var TEXTS = {
    en: {
      browser: "This browser cannot encrypt calls end to end. Please open the link in a current Chrome or Edge.",
      version:
        "This version of the video page does not fit the practice's safety rules, so no call is made. Please tell the practice.",
      off: "The encryption was switched off, so the call was ended. Please open your link again.",
    },
    de: {
      browser:
        "Dieser Browser kann Gespräche nicht Ende-zu-Ende verschlüsseln. Bitte öffnen Sie den Link in einem aktuellen Chrome oder Edge.",
      version:
        "Diese Fassung der Videoseite passt nicht zu den Sicherheitsregeln der Praxis, darum gibt es kein Gespräch. Bitte sagen Sie der Praxis Bescheid.",
      off: "Die Verschlüsselung wurde ausgeschaltet, darum wurde das Gespräch beendet. Bitte öffnen Sie Ihren Link noch einmal.",
    },
  };

  function reduced(fragment) {
    var seen = Object.create(null);
    return fragment
      .replace(/^#/, "")
      .split("&")
      .filter(function (part) {
        var at = part.indexOf("=");
        var key = part.slice(0, at);
        var keep = at > 0 && Object.hasOwn(KEPT, key) && !seen[key] && KEPT[key].test(part.slice(at + 1));
        seen[key] = true;
        return keep;
      })
      .join("&");
  }

  function reduceAddress() {
    var fragment = reduced(location.hash);
    var address = location.pathname + (fragment && "#" + fragment);
    if (location.pathname + location.search + location.hash !== address) history.replaceState(null, "", address);
  }

  function canEncrypt() {
    var sender = window.RTCRtpSender && window.RTCRtpSender.prototype;
    return Boolean(
      window.isSecureContext &&
      window.RTCPeerConnection &&
      window.WebAssembly &&
      window.Worker &&
      window.crypto &&
      window.crypto.subtle &&
      (window.RTCRtpScriptTransform || (sender && "createEncodedStreams" in sender)),
    );
  }

  var blocked = false;

  function block(reason) {
    if (blocked) return;
    blocked = true;
    document.documentElement.dataset.practiceGuard = "blocked-" + reason;
    var text = TEXTS[(navigator.language || "en").slice(0, 2)] || TEXTS.en;
    window.stop();
    var body = document.createElement("body");
    var message = document.createElement("p");
    message.setAttribute("role", "alert");
    message.setAttribute("style", "font: 1.25rem/1.6 sans-serif; max-width: 32rem; margin: 20vh auto; padding: 0 1rem");
    message.textContent = text[reason];
    body.appendChild(message);
    if (document.body) document.body.replaceWith(body);
    else document.documentElement.appendChild(body);
  }

  function hangUp(room) {
    try {
      if (room && room.leave) Promise.resolve(room.leave()).catch(function () {});
    } finally {
      if (window.APP && APP.conference && APP.conference.hangup) APP.conference.hangup(false);
    }
  }

  function refuse(room, reason) {
    block(reason);
    hangUp(room);
  }

  function hasHooks(room) {
    return ["isE2EESupported", "isE2EEEnabled", "toggleE2EE", "leave"].every(function (name) {
      return typeof room[name] === "function";
    });
  }

  var armed;

  function arm(store, room) {
    armed = room;
    if (!hasHooks(room)) return refuse(room, "version");
    if (!room.isE2EESupported()) return refuse(room, "browser");
    store.dispatch({ type: "TOGGLE_E2EE", enabled: true });
    if (!room.isE2EEEnabled()) return refuse(room, "version");
    document.documentElement.dataset.practiceGuard = "armed";
  }

  function look(store) {
    if (blocked) return;
    var state = store.getState();
    var conference = state["features/base/conference"];
    if (!conference || !state["features/e2ee"]) return refuse(undefined, "version");
    if (conference.joining && conference.joining !== armed) arm(store, conference.joining);
    var room = conference.conference;
    if (!room || conference.leaving) return;
    var encrypted = room === armed && room.isE2EEEnabled() && store.getState()["features/e2ee"].enabled === true;
    if (!encrypted) refuse(room, "off");
  }

  function watch() {
    var store = window.APP && window.APP.store;
    if (!store) {
      setTimeout(watch, 20);
      return;
    }
    store.subscribe(function () {
      look(store);
    });
    look(store);
  }

  reduceAddress();
  window.addEventListener("hashchange", reduceAddress, true);
  window.addEventListener("popstate", reduceAddress, true);
  document.documentElement.dataset.practiceGuard = "waiting";
  if (canEncrypt()) watch();
  else block("browser");
})();
