/** The EID as the modem reports it, which under some scenarios is not its eUICC's. Pure. */

import type { Eid } from "../../base/identifiers.js";
import type { World } from "./scenario.js";

/** 32 digits; `invalid` makes the check digits wrong. */
export function reportedEid(eid: Eid, world: World): string {
  if (world.reportedEid === undefined) return eid;
  if (world.reportedEid !== "invalid") return world.reportedEid;
  return `${eid.slice(0, -1)}${(Number(eid.slice(-1)) + 1) % 10}`;
}

/** The same in what the card answers: an EID is 16 bytes in one piece. */
export function withReportedEid(response: Uint8Array, eid: Eid, world: World): Uint8Array {
  if (world.reportedEid === undefined) return response;
  const hex = Buffer.from(response).toString("hex");
  return new Uint8Array(Buffer.from(hex.replace(`5a10${eid}`, `5a10${reportedEid(eid, world)}`), "hex"));
}
