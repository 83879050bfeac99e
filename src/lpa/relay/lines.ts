import { afterPrefix } from "../../at/fields.js";
import type { HostRelayDownload } from "../../modem/dialects/dialect.js";
import { type Es9PlusFunction, es9PlusFunctions } from "../es9plus/client.js";

/** What the modem says while the host relays its HTTPS. */
export type RelayLine =
  | { readonly kind: "request"; readonly name: Es9PlusFunction; readonly json: string }
  /** The result code as it stands in the line, in hex on some firmware. */
  | { readonly kind: "end"; readonly code: string }
  /** It has the relay's prefix and cannot be what it should be; `why` ends a sentence. */
  | { readonly kind: "malformed"; readonly why: string };

/** An authenticateClient request with its certificates has about 3 kB, a notification less. */
const maxJsonLength = 60_000;

/**
 * Reads `+QESIM: "trans",0,"gsma/rsp2/es9plus/<function>",<length>,"<JSON>"`, and the line that ends a download by the dialect's pattern;
 * undefined for other lines. The JSON holds quotes and commas of its own, so the length decides where it ends. Pure.
 */
export function parseRelayLine(
  line: string,
  { prefix, end }: Pick<HostRelayDownload, "prefix" | "end">,
): RelayLine | undefined {
  const rest = afterPrefix(line, prefix);
  if (rest === undefined) return undefined;
  const code = end.line.exec(line)?.[1];
  if (code !== undefined) return { kind: "end", code };
  if (!/^"trans"/.test(rest)) return undefined;
  const head = /^"trans"\s*,\s*(\d+)\s*,\s*"([^"]{0,200})"\s*,\s*(\d+)\s*,\s*(.*)$/.exec(rest);
  if (head === null) return { kind: "malformed", why: "its fields are not those of a request" };
  const [, result, path = "", lengthText, payload = ""] = head;
  if (result !== "0") return { kind: "malformed", why: `its result is ${result}` };
  const name = es9PlusFunctions.find((known) => path.replace(/^\//, "") === `gsma/rsp2/es9plus/${known}`);
  if (name === undefined) return { kind: "malformed", why: "its path is no ES9+ function" };
  const json = payload.replace(/^"/, "").replace(/"$/, "");
  const length = Number(lengthText);
  if (length !== json.length || length > maxJsonLength) {
    return { kind: "malformed", why: `it says ${lengthText} characters and has ${json.length}` };
  }
  return { kind: "request", name, json };
}
