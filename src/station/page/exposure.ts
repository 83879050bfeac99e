import { isIP } from "node:net";
import { EsimdError } from "../../base/errors.js";
import { quote } from "../../base/identifiers.js";

/** Who can reach the page, and what it must be locked with for that. */

export interface Lock {
  readonly hasTls: boolean;
  readonly hasPassword: boolean;
  readonly hasClientCa: boolean;
}

/** True for addresses that only this machine has. A name other than `localhost` may mean anything, tomorrow. */
export function isLoopback(host: string): boolean {
  const bare = host.replace(/^\[(.*)\]$/, "$1").toLowerCase();
  if (bare === "localhost") return true;
  if (isIP(bare) === 4) return bare.startsWith("127.");
  return isIP(bare) === 6 && (bare === "::1" || bare === "0:0:0:0:0:0:0:1" || bare.startsWith("::ffff:127."));
}

/** @throws EsimdError `page_exposed`. */
export function checkExposure(host: string, { hasTls, hasPassword, hasClientCa }: Lock): void {
  if (isLoopback(host) || (hasTls && (hasPassword || hasClientCa))) return;
  const missing = !hasTls
    ? "without TLS, so that identifiers and password could be read on the network"
    : "without password or client CA, so that anybody there could stop the line";
  throw new EsimdError("page_exposed", `the page would listen on ${quote(host)} ${missing}`);
}
