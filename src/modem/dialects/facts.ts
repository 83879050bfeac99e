import type { Dialect, Exchange, Sourced } from "./dialect.js";

/** A dialect's facts one by one: what each is for, its command, and how sure it is. For `probe` and for docs/modems.md. Pure. */

export type Fact = Exchange & Sourced;

export function factsOf(dialect: Dialect): readonly (readonly [string, Fact])[] {
  const { eid, ownLpa, iccid, slot, slots, lpaSwitch } = dialect;
  const found: (readonly [string, Fact | undefined])[] = [["EID", eid]];
  if (ownLpa !== undefined) {
    const { list, enable, disable, nickname, download, defaultSmdp } = ownLpa;
    if (list.kind === "rows") found.push(["list", list]);
    else found.push(["count", list.count], ["each profile", list.detail]);
    found.push(["enable", enable], ["disable", disable], ["delete", ownLpa.delete], ["rename", nickname]);
    if (download.kind !== "none") found.push(["download", download.start]);
    if (download.kind === "host-relay") found.push(["the host's answers", download.chunk]);
    found.push(["default SM-DP+", defaultSmdp?.read], ["set default SM-DP+", defaultSmdp?.write]);
  }
  const setting = lpaSwitch?.name ?? "";
  found.push([setting, lpaSwitch?.query], [`unlock ${setting}`, lpaSwitch?.unlock], [`${setting} off`, lpaSwitch?.off]);
  for (const query of iccid) found.push(["ICCID in use", query]);
  found.push(["SIM slot", slot?.query], ["switch SIM slot", slot?.set], ["all slots", slots]);
  return found.flatMap(([what, fact]) => (fact === undefined ? [] : [[what, fact] as const]));
}

/** How sure each is, by what it is for. */
export function evidenceOf(dialect: Dialect): Readonly<Record<string, string>> {
  return Object.fromEntries(factsOf(dialect).map(([what, { evidence }]) => [what, evidence]));
}
