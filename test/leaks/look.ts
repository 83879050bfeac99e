import type { Stream } from "./collection.js";

/** What may not stand in which stream, and where it does. Pure. */

export interface Planted {
  readonly what: string;
  readonly value: string;
}

export interface Leak {
  readonly line: number;
  /** Never the secret itself. */
  readonly what: string;
}

interface Rule {
  readonly what: string;
  readonly pattern: RegExp;
  /** By the contract a report, `--json` and the state folder have the identifiers of the unit whole. */
  readonly streams: readonly Stream[];
}

const masked: readonly Stream[] = ["log", "recorded"];

/** A recording has stand-ins that nothing real begins with (src/at/transcript/stand-ins.ts). */
const standIn = "(?!8999(?:0{20}|9?0{8})|001010{6})";

/** A SID has two letters and 32 digits, a hash more than any identifier: what stands among their like is none. */
const rules: readonly Rule[] = [
  {
    what: "an EID that is not masked",
    pattern: new RegExp(String.raw`(?<![0-9A-F]|[A-Z]{2})${standIn}\d{32}(?![0-9A-F])`, "i"),
    streams: masked,
  },
  {
    what: "an ICCID that is not masked",
    pattern: new RegExp(String.raw`(?<![0-9])${standIn}89\d{16,18}F?(?![0-9A-F])`, "i"),
    streams: masked,
  },
  {
    what: "an IMEI or IMSI that is not masked",
    pattern: new RegExp(String.raw`(?<![0-9A-F.])${standIn}\d{15}(?![0-9A-F])`, "i"),
    streams: masked,
  },
  {
    what: "a PIN in an AT command",
    pattern: /\+(?:CPIN|CPWD|CLCK)\s*=\s*(?:\\?"[A-Z]{2}\\?",\d,)?\\?"?(?!0+\b)\d{4,8}\b/i,
    streams: masked,
  },
  {
    what: "the matching id of an activation code",
    pattern: /\b1\$[A-Za-z0-9.:-]{1,255}\$(?!X?0+\d{1,4}\b|MATCHING-ID)[A-Za-z0-9-]+/,
    streams: masked,
  },
];

/** Names of what is whole in a result: whoever asks for an order is given its code. */
export const inResults = "matching id";

export function findLeaks(stream: Stream, text: string, planted: readonly Planted[]): readonly Leak[] {
  const sought = planted.filter(({ what }) => what !== inResults || stream !== "result");
  const inForce = rules.filter((rule) => rule.streams.includes(stream));
  const leaks: Leak[] = [];
  // Most texts are clean: the look by lines, which tells where, comes only where there is something to tell.
  const present = sought.filter(({ value }) => spellingsOf(value).some((spelling) => text.includes(spelling)));
  for (const [at, line] of text.split("\n").entries()) {
    const whats = [
      ...present.filter(({ value }) => spellingsOf(value).some((spelling) => line.includes(spelling))),
      ...inForce.filter(({ pattern }) => pattern.test(line)),
    ].map(({ what }) => what);
    for (const what of new Set(whats)) leaks.push({ line: at + 1, what });
  }
  return leaks;
}

/** As it is, within JSON, within a URL, and as what Basic authentication and a hex dump make of it. */
export function spellingsOf(value: string): readonly string[] {
  const bytes = Buffer.from(value, "utf8");
  // At each of the three places where base64 can begin, without the characters that depend on the neighbours.
  const base64 = [0, 1, 2].map((shift) => {
    const text = Buffer.concat([Buffer.alloc(shift), bytes])
      .toString("base64")
      .replace(/=+$/, "");
    return text.slice(shift === 0 ? 0 : shift + 1, -2);
  });
  const hex = bytes.toString("hex");
  const all = [value, JSON.stringify(value).slice(1, -1), encodeURIComponent(value), ...base64, hex, hex.toUpperCase()];
  return [...new Set(all)].filter((spelling) => spelling.length >= 10);
}
