import { readHeaderAt, TlvError } from "../../src/lpa/asn1/tlv.js";
import { tags } from "../../src/lpa/es10/tags.js";
import type { Turn } from "./wire-tap.js";

/** What the turns of a serial line were for, and the fewest bytes that each exchange of APDUs could have taken. Pure. */

/** What an APDU was for, in the order of a provision. */
export const purposeNames = [
  "channel",
  "eid",
  "profile list",
  "eUICC info",
  "challenge",
  "authenticate server",
  "prepare download",
  "load package",
  "enable",
  "notifications",
  "other",
] as const;
export type Purpose = (typeof purposeNames)[number];

export interface ApduExchange {
  readonly way: "CGLA" | "CSIM";
  readonly purpose: Purpose;
  /** The hex of both APDUs and the shortest legal AT frame around them; 0 when the answer held no APDU. */
  readonly floorBytes: number;
}

/** One turn: with an APDU in it, or another AT command. */
export interface CountedTurn {
  readonly sentBytes: number;
  readonly receivedBytes: number;
  readonly exchange: ApduExchange | undefined;
}

/** Sums of a stretch of turns. */
export interface Tally {
  readonly exchanges: number;
  /** Commands that carry no APDU. */
  readonly otherCommands: number;
  readonly bytesToModem: number;
  readonly bytesFromModem: number;
  readonly bytes: number;
  readonly floorBytes: number;
  /** Everything that crossed the line, beside the floor of its APDU exchanges. */
  readonly ratio: number;
  readonly exchangesByPurpose: Readonly<Partial<Record<Purpose, number>>>;
}

/** Names each exchange by the ES10 command that it carries or fetches the answer of. */
export function countTurns(turns: readonly Turn[]): CountedTurn[] {
  let purpose: Purpose = "other";
  let chainEnded = true;
  return turns.map(({ sent, received }) => {
    const counted = { sentBytes: sent.length, receivedBytes: received.length };
    const command = /^AT\+(CGLA=[^,]+|CSIM)[,=]\d+,"([0-9A-Fa-f]+)"/.exec(sent);
    const [, head = "", hex = ""] = command ?? [];
    if (command === null) return { ...counted, exchange: undefined };
    const apdu = Buffer.from(hex, "hex");
    const [, ins, p1] = apdu;
    if (ins === 0xe2) {
      if (chainEnded) purpose = purposeOf(apdu.subarray(5));
      chainEnded = p1 !== 0x11;
    } else if (ins !== 0xc0) purpose = "channel";
    const way = head === "CSIM" ? ("CSIM" as const) : ("CGLA" as const);
    return { ...counted, exchange: { way, purpose, floorBytes: floorOf(head, hex, received) } };
  });
}

/** `AT+CGLA=1,10,"…"<CR>` and `<CR><LF>+CGLA: 4,"…"<CR><LF><CR><LF>OK<CR><LF>`, without echo. */
function floorOf(head: string, commandHex: string, received: string): number {
  const answerHex = /\+(?:CGLA|CSIM): ?\d+,"?([0-9A-Fa-f]+)/.exec(received)?.[1];
  if (answerHex === undefined) return 0;
  const separator = head === "CSIM" ? "=" : ",";
  const command = `AT+${head}${separator}${commandHex.length},"${commandHex}"\r`;
  const answer = `\r\n+${head.slice(0, 4)}: ${answerHex.length},"${answerHex}"\r\n\r\nOK\r\n`;
  return command.length + answer.length;
}

const purposes: ReadonlyMap<number, Purpose> = new Map([
  [tags.getEid, "eid"],
  [tags.getEuiccInfo1, "eUICC info"],
  [tags.getEuiccInfo2, "eUICC info"],
  [tags.getConfiguredAddresses, "eUICC info"],
  [tags.getEuiccChallenge, "challenge"],
  [tags.authenticateServer, "authenticate server"],
  [tags.prepareDownload, "prepare download"],
  [tags.boundProfilePackage, "load package"],
  // Inside a package, each part begins with its own tag (SGP.22 2.5.5).
  ...[0xa0, 0xa1, 0xa2, 0xa3, 0x86, 0x87, 0x88].map((tag): [number, Purpose] => [tag, "load package"]),
  [tags.getProfilesInfo, "profile list"],
  [tags.enableProfile, "enable"],
  [tags.listNotification, "notifications"],
  [tags.retrieveNotifications, "notifications"],
  [tags.removeNotification, "notifications"],
]);

function purposeOf(data: Uint8Array): Purpose {
  try {
    return purposes.get(readHeaderAt(data, 0).tag) ?? "other";
  } catch (error) {
    if (error instanceof TlvError) return "other";
    throw error;
  }
}

/** From opening the channel that serves the download to the exchange that brought the install result. */
export function downloadStep(turns: readonly CountedTurn[]): readonly CountedTurn[] {
  const last = turns.findLastIndex(({ exchange }) => exchange?.purpose === "load package");
  return turns.slice(0, last + 1);
}

export function tally(turns: readonly CountedTurn[]): Tally {
  const sum = (of: (turn: CountedTurn) => number): number => turns.reduce((total, turn) => total + of(turn), 0);
  const exchangesByPurpose: Partial<Record<Purpose, number>> = {};
  for (const { exchange } of turns) {
    if (exchange !== undefined) exchangesByPurpose[exchange.purpose] = (exchangesByPurpose[exchange.purpose] ?? 0) + 1;
  }
  const exchanges = sum(({ exchange }) => (exchange === undefined ? 0 : 1));
  const bytesToModem = sum(({ sentBytes }) => sentBytes);
  const bytesFromModem = sum(({ receivedBytes }) => receivedBytes);
  const bytes = bytesToModem + bytesFromModem;
  const floorBytes = sum(({ exchange }) => exchange?.floorBytes ?? 0);
  return {
    exchanges,
    otherCommands: turns.length - exchanges,
    bytesToModem,
    bytesFromModem,
    bytes,
    floorBytes,
    ratio: floorBytes === 0 ? 0 : Number((bytes / floorBytes).toFixed(4)),
    exchangesByPurpose,
  };
}
