/*
 * Runs in a page before anything of it. Looks at every media frame as it leaves this side after encryption and as it
 * arrives before decryption, by its trailer: lib-jitsi-meet ends each encrypted frame with its IV's length (12) and
 * the number of the key (0 to 15). `window.tap` has what was counted.
 */
(() => {
  const tapped = `
    const counts = {};
    const channel = new BroadcastChannel("tap");
    let told = "";
    setInterval(() => {
      const text = JSON.stringify(counts);
      if (text !== told) channel.postMessage(counts);
      told = text;
    }, 100);
    function counter(direction) {
      let number = 0;
      return new TransformStream({
        transform(frame, out) {
          const bytes = new Uint8Array(frame.data);
          const kind = frame.constructor.name.includes("Video") ? "video" : "audio";
          const sealed = bytes.length > 14 && bytes.at(-2) === 12 && bytes.at(-1) < 16;
          const count = (counts[direction + " " + kind] ||= { sealed: 0, plain: 0, firstSealed: 0 });
          number += 1;
          count[sealed ? "sealed" : "plain"] += 1;
          if (sealed && !count.firstSealed) count.firstSealed = number;
          out.enqueue(frame);
        },
      });
    }
    function handler({ transformer: { readable, writable, options } }, next) {
      const tap = counter(options.operation === "encode" ? "out" : "in");
      if (options.operation !== "encode") return next({ transformer: { readable: readable.pipeThrough(tap), writable, options } });
      tap.readable.pipeTo(writable).catch(() => undefined);
      next({ transformer: { readable, writable: tap.writable, options } });
    }
    let next = ({ transformer }) => transformer.readable.pipeTo(transformer.writable);
    Object.defineProperty(self, "onrtctransform", { get: () => next, set: (given) => { next = given; } });
    self.addEventListener("rtctransform", (event) => handler(event, next));
  `;

  window.tap = {};
  new BroadcastChannel("tap").addEventListener("message", ({ data }) => Object.assign(window.tap, data));

  const blobs = new Map();
  const { createObjectURL } = URL;
  URL.createObjectURL = (object) => {
    const url = createObjectURL.call(URL, object);
    blobs.set(url, object);
    return url;
  };
  window.Worker = new Proxy(Worker, {
    construct(Original, [url, options]) {
      if (options?.name !== "E2EE Worker") return new Original(url, options);
      return new Original(createObjectURL.call(URL, new Blob([tapped, blobs.get(String(url))])), options);
    },
  });

  // Whoever has no keys looks at the frames all the same.
  window.tapWithoutKeys = () => {
    const worker = new Worker(createObjectURL.call(URL, new Blob([tapped])));
    window.RTCPeerConnection = new Proxy(RTCPeerConnection, {
      construct(Original, args) {
        const connection = new Original(...args);
        connection.addEventListener("track", ({ receiver }) => {
          receiver.transform = new RTCRtpScriptTransform(worker, { operation: "decode" });
        });
        return connection;
      },
    });
  };
})();
