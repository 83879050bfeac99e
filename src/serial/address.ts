import { EsimdError } from "../base/errors.js";
import { quote } from "../base/identifiers.js";

export type PortAddress =
  | { readonly kind: "tty"; readonly path: string }
  | { readonly kind: "tcp"; readonly host: string; readonly port: number }
  | { readonly kind: "unix"; readonly path: string };

/** Reads what `--port` takes: a tty path, `tcp://host:port` or `unix:/path`. @throws EsimdError `bad_input`. */
export function parsePortAddress(text: string): PortAddress {
  const refuse = (why: string): EsimdError =>
    new EsimdError("bad_input", `port ${quote(text)} ${why}`, {
      hint: "Give a tty path (/dev/ttyUSB2), tcp://HOST:PORT or unix:/PATH.",
    });
  if (text.startsWith("tcp://")) {
    const match = /^tcp:\/\/(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]+):(\d{1,5})$/.exec(text);
    const port = Number(match?.[2]);
    if (match?.[1] === undefined || port < 1 || port > 65_535) throw refuse("is not of the form tcp://HOST:PORT");
    return { kind: "tcp", host: match[1].replace(/^\[|\]$/g, ""), port };
  }
  if (text.startsWith("unix:")) {
    const path = text.slice("unix:".length);
    // sun_path holds 108 bytes with its terminator (unix(7)).
    if (!path.startsWith("/") || Buffer.byteLength(path) > 107)
      throw refuse("is not of the form unix:/PATH (at most 107 bytes)");
    return { kind: "unix", path };
  }
  if (/^[a-z]+:/.test(text)) throw refuse("has a scheme that esimd does not know");
  if (!text.startsWith("/") || text.includes("\0")) throw refuse("is not an absolute path");
  return { kind: "tty", path: text };
}
