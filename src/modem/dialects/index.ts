import type { Dialect } from "./dialect.js";
import { quectelIccid } from "./quectel-iccid.js";
import { quectelNwmode } from "./quectel-nwmode.js";

/** Every dialect, in the order in which they are probed: the one whose signs are the most particular first. */
export const dialects: readonly Dialect[] = [quectelIccid, quectelNwmode];

export const dialectNames: readonly string[] = dialects.map((dialect) => dialect.name);

export function findDialect(name: string): Dialect | undefined {
  return dialects.find((dialect) => dialect.name === name);
}
