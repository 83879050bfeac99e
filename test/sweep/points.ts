import type { StateName } from "../../src/provision/states.js";

/** Every step by which a run leaves its process is a point: numbered as it comes, and named by what it does and in which state. */

export type Room = "serial" | "api" | "smdp" | "disk";

export interface Point {
  /** Of the life in which it comes, from 1. */
  readonly number: number;
  readonly room: Room;
  readonly state: StateName;
  /** What is done, without what differs from run to run. */
  readonly effect: string;
  /** The how manieth of this state and effect in this life, from 1. */
  readonly nth: number;
}

/** What tells a point from every other of a family and method; repeats of one exchange in one state are one. */
export function nameOf({ room, state, effect }: Pick<Point, "room" | "state" | "effect">): string {
  return `${state}: ${room}: ${effect}`;
}

/** What a command does, from its line: the command, its sub-command, and of an APDU its instruction and the tag of its data. Pure. */
export function effectOfAt(line: string): string {
  const apdu = /^AT\+(?:CGLA|CSIM)=(?:[^"]*)"([0-9A-F]*)"?/i.exec(line)?.[1];
  if (apdu !== undefined) return `${line.slice(0, 7)} ${effectOfApdu(apdu)}`;
  const sub = /^AT[+!#^]?[A-Z0-9]+="([a-z_]+)"(,\d+,(\d),)?/i.exec(line);
  if (sub !== null) return `${line.split("=")[0]}=${sub[1]}${sub[3] === undefined ? "" : ` ${sub[3]}`}`;
  return line.replace(/"[0-9A-F]{8,}"/gi, '"…"').replace(/\d{6,}/g, "…");
}

const instructions: Readonly<Record<string, string>> = {
  "70": "MANAGE CHANNEL",
  A4: "SELECT",
  AA: "TERMINAL CAPABILITY",
  B0: "READ BINARY",
  C0: "GET RESPONSE",
  F2: "STATUS",
};

function effectOfApdu(hex: string): string {
  const ins = hex.slice(2, 4).toUpperCase();
  const p1 = hex.slice(4, 6);
  if (ins !== "E2") return instructions[ins] ?? `INS ${ins}`;
  const isLast = (Number.parseInt(p1, 16) & 0x80) !== 0;
  if (Number.parseInt(hex.slice(6, 8), 16) > 0) return `STORE DATA ${isLast ? "last" : "more"}`;
  const data = hex.slice(10).toUpperCase();
  const tag = /^.[F]/.test(data) ? data.slice(0, 4) : data.slice(0, 2);
  return `STORE DATA ${tag}${isLast ? "" : " first"}`;
}

/** What a request asks for: method and path without identifiers, and the names of its parameters. Pure. */
export function effectOfHttp(method: string, url: URL): string {
  const path = url.pathname.replace(/\/(H[A-Z]|RQ)[0-9a-f]{6,}/g, "/:sid");
  const names = [...url.searchParams.keys()].filter((name) => !/^page/i.test(name)).sort();
  return `${method} ${path}${names.length === 0 ? "" : `?${names.join("&")}`}`;
}

/** A file by its last name. */
export function effectOfDisk(operation: string, path: string): string {
  const name = path.split("/").at(-1) ?? "";
  return `${operation} ${/^\d{32}$/.test(name) ? "EID" : name}`;
}
