import http from "node:http";
import https from "node:https";
import { connect, type SecureVersion } from "node:tls";

export interface Seen {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  /** Name and value in turn, as they came: a header that comes twice is twice in it. */
  readonly rawHeaders: readonly string[];
  readonly body: string;
}

interface Asking {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/**
 * Somebody on the internet who asks the edge of a cluster for a host: by TLS with the host's name, trusting `ca` alone,
 * or in the clear. Paths go out exactly as they are given.
 */
export function visitor(
  edge: { readonly address?: string; readonly http: number; readonly https: number },
  ca: string,
) {
  const address = edge.address ?? "127.0.0.1";

  function send(outgoing: http.ClientRequest, body: string): Promise<Seen> {
    return new Promise((resolve, reject) => {
      outgoing.on("response", (answer) => {
        let text = "";
        answer.setEncoding("utf8").on("data", (more: string) => (text += more));
        const { statusCode: status = 0, headers, rawHeaders } = answer;
        answer.on("end", () => resolve({ status, headers, rawHeaders, body: text }));
      });
      outgoing.on("upgrade", ({ statusCode: status = 0, headers, rawHeaders }, socket) => {
        socket.destroy();
        resolve({ status, headers, rawHeaders, body: "" });
      });
      outgoing.on("error", reject);
      outgoing.end(body);
    });
  }

  return {
    /** By HTTPS. A certificate that is not for the host, or not by the authority, is an error. */
    ask(host: string, path: string, { method = "GET", headers = {}, body = "" }: Asking = {}): Promise<Seen> {
      const options = { host: address, port: edge.https, servername: host, path, method, ca, agent: false };
      return send(https.request({ ...options, headers: { ...headers, host } }), body);
    },
    /** By HTTPS, with whatever certificate there is: for hosts that nobody serves. */
    askAnyhow(host: string, path: string): Promise<Seen> {
      // An address is no name to ask a certificate for.
      const servername = /^[\d.]+$/.test(host) ? "" : host;
      const options = { host: address, port: edge.https, servername, path, rejectUnauthorized: false, agent: false };
      return send(https.request({ ...options, headers: { host } }), "");
    },
    askInTheClear(host: string, path: string): Promise<Seen> {
      return send(http.request({ host: address, port: edge.http, path, headers: { host }, agent: false }), "");
    },
    /** What a handshake that offers one version of TLS alone agrees on; rejects when the edge refuses. */
    handshake(host: string, version: SecureVersion): Promise<string | null> {
      return new Promise((resolve, reject) => {
        const versions = { minVersion: version, maxVersion: version };
        // Old versions need old ciphers, which OpenSSL offers at its lowest level alone.
        const options = {
          host: address,
          port: edge.https,
          servername: host,
          ca,
          ...versions,
          ciphers: "ALL:@SECLEVEL=0",
        };
        const socket = connect(options, () => {
          resolve(socket.getProtocol());
          socket.destroy();
        });
        socket.on("error", reject);
      });
    },
    /** The serial number of the certificate that the edge shows for a host. */
    serial(host: string): Promise<string> {
      return new Promise((resolve, reject) => {
        const socket = connect({ host: address, port: edge.https, servername: host, ca }, () => {
          resolve(socket.getPeerX509Certificate()?.serialNumber ?? "");
          socket.destroy();
        });
        socket.on("error", reject);
      });
    },
  };
}
