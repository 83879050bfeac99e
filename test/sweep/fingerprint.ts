import { createHash } from "node:crypto";
import type { SimWorld } from "./world.js";

/**
 * What of a world is left after a power cut, without what differs from run to run (times, names that were drawn): two worlds with one
 * fingerprint go on alike, so that what follows is tried once. Only for power cuts: a modem that kept its power has a memory besides.
 */
export function fingerprintOf(world: SimWorld): string {
  const { profiles, notifications, nextSeqNumber, keptOneTimeKey } = world.modem.euicc.toJSON();
  const parts = {
    files: [...world.files.contents()].sort(([a], [b]) => (a < b ? -1 : 1)),
    profiles: profiles.map(({ iccid, state }) => [iccid, state]),
    notifications: notifications.map(({ seqNumber, operation, iccid }) => [seqNumber, operation, iccid]),
    nextSeqNumber,
    keptOneTimeKey: keptOneTimeKey !== undefined,
    reservations: world.api.resources(),
    charges: world.api.ledger().length,
    orders: world.smdp.orders().map(({ state, attempts, eid }) => [state, attempts, eid]),
    heard: world.smdp.notifications().map(({ kind, seqNumber, outcome }) => [kind, seqNumber, outcome]),
  };
  const names = new Map<string, string>();
  const named = (found: string): string => {
    const known = names.get(found) ?? `#${names.size}`;
    names.set(found, known);
    return known;
  };
  const text = JSON.stringify(parts)
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "T")
    .replace(/"[0-9]{13}"|:\d{13}/g, "T")
    .replace(/\\?"timings\\?":\{[^}]*\}/g, "")
    .replace(/H[PSF][0-9a-f]{32}/g, named)
    .replace(/intent-\d+/g, named)
    .replace(/\\?"der\\?":\\?"[^"\\]*\\?"/g, "der")
    .replace(/\\?"monotonicMs\\?":[\d.]+/g, "T")
    .replace(/(\\?"agesMs\\?":)\[([^\]]*)\]/g, (_whole, name: string, ages: string) => name + ages.split(",").length)
    .replace(/\b(1\d{3} )?boot\/1\d{3}/g, "process");
  return createHash("sha256").update(text).digest("base64");
}
