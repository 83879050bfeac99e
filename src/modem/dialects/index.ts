import type { Dialect, OwnLpaDialect } from "./dialect.js";
import { etsiApdu } from "./etsi-apdu.js";
import { quectelIccid } from "./quectel-iccid.js";
import { quectelNwmode } from "./quectel-nwmode.js";

/** The families that are found by a probe of their own, in the order of asking: the one whose signs are the most particular first. */
export const ownLpaDialects: readonly OwnLpaDialect[] = [quectelIccid, quectelNwmode];

export const dialects: readonly Dialect[] = [...ownLpaDialects, etsiApdu];

export const dialectNames: readonly string[] = dialects.map((dialect) => dialect.name);

export function findDialect(name: string): Dialect | undefined {
  return dialects.find((dialect) => dialect.name === name);
}
