import { type Eid, type Iccid, parseEid, parseIccid } from "../../base/identifiers.js";
import type { Random } from "../../base/random.js";

/** Identifiers as the vendor makes them up. */

export type SidPrefix = "HP" | "HS" | "HF" | "HA" | "AC" | "RQ" | "PA";

export function makeSid(prefix: SidPrefix, random: Random): string {
  return prefix + Array.from({ length: 32 }, () => pick("0123456789abcdef", random)).join("");
}

export function isSid(prefix: SidPrefix, text: string): boolean {
  return text.startsWith(prefix) && /^[0-9a-fA-F]{32}$/.test(text.slice(2));
}

/** 20 digits: Super SIM's issuer 8988307, ten of our own, a serial number, and the Luhn digit (ITU-T E.118). */
export function makeIccid(serial: number): Iccid {
  const payload = `8988307${String(serial).padStart(12, "0")}`;
  return parseIccid(`${payload}${luhnDigit(payload)}`, "the fake API's ICCID");
}

/** Five groups of five, as in the vendor's example. */
export function makeMatchingId(random: Random): string {
  const group = (): string =>
    Array.from({ length: 5 }, () => pick("ABCDEFGHJKLMNPQRSTUVWXYZ23456789", random)).join("");
  return [group(), group(), group(), group(), group()].join("-");
}

/** Undefined for what is not an EID; whether the vendor checks is documented nowhere, a client of ours must send a right one. */
export function readEid(text: string): Eid | undefined {
  try {
    return parseEid(text, "Eid");
  } catch {
    return undefined;
  }
}

export function luhnDigit(payload: string): number {
  const sum = [...payload].reverse().reduce((total, digit, index) => {
    const doubled = Number(digit) * (index % 2 === 0 ? 2 : 1);
    return total + (doubled > 9 ? doubled - 9 : doubled);
  }, 0);
  return (10 - (sum % 10)) % 10;
}

function pick(alphabet: string, random: Random): string {
  return alphabet.charAt(Math.floor(random.next() * alphabet.length));
}
