import { afterPrefix, splitFields } from "../at/fields.js";
import { linesOrGap, type ModemLine, replyOrGap } from "./exchange.js";

/** Whether the modem has the network's packet service: attached, and with an address. It is asked, and nothing is switched on. */

export interface PacketService {
  /** Undefined where the modem does not tell. */
  readonly attached: boolean | undefined;
  /** Whether a context has an address; undefined where the modem does not tell. */
  readonly hasAddress: boolean | undefined;
}

const attach = { text: "AT+CGATT?", answer: { kind: "prefix", prefix: "+CGATT" }, timeoutMs: 10_000 } as const;
const contexts = { text: "AT+CGCONTRDP", answer: { kind: "prefix", prefix: "+CGCONTRDP" }, timeoutMs: 10_000 } as const;

/**
 * `AT+CGATT?` (TS 27.007 10.1.9), and the addresses of active contexts by `AT+CGCONTRDP` (10.1.23). With no context active the answer to
 * the latter is OK alone, which is an answer too; a refusal says nothing.
 */
export async function readPacketService(line: ModemLine, signal: AbortSignal): Promise<PacketService> {
  const attached = parseAttach(await linesOrGap(line, attach, signal));
  if (attached === false) return { attached, hasAddress: false };
  const reply = await replyOrGap(line, contexts, signal);
  return { attached, hasAddress: reply?.result.kind === "ok" ? hasAddress(reply.lines) : undefined };
}

/** `+CGATT: 1`. Pure. */
export function parseAttach(lines: readonly string[]): boolean | undefined {
  const [state] = splitFields(afterPrefix(lines[0] ?? "", "+CGATT") ?? "");
  return state === "1" ? true : state === "0" ? false : undefined;
}

/** `+CGCONTRDP: 1,5,"apn","192.0.2.17.255.255.255.0",…`: the address with its mask, of 8 or 32 numbers, or without it. Pure. */
export function hasAddress(lines: readonly string[]): boolean {
  return lines.some((text) => {
    const address = splitFields(afterPrefix(text, "+CGCONTRDP") ?? "")[3] ?? "";
    const numbers = address.split(/[.:]/).filter((part) => part !== "");
    const own = numbers.slice(0, numbers.length === 8 ? 4 : numbers.length === 32 ? 16 : numbers.length);
    return own.length >= 2 && own.some((part) => !/^0+$/.test(part));
  });
}
