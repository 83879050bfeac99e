import { type Eid, type Imei, parseEid, parseImei } from "../../base/identifiers.js";

/** Identifiers by number, with right check digits and of no maker. Pure. */

/** Of the GSMA's test range (SGP.26); one EUM may sign for all of them. */
const eumPrefix = "89049032";

/** The `number`th EID of a line; `line` tells the lines apart. Both below ten to the power of ten. */
export function eidOf(line: number, number: number): Eid {
  const body = `${eumPrefix}00${digits(line, 10)}${digits(number, 10)}`;
  // The number as a whole must be 1 modulo 97 (SGP.02, 2.2.2).
  const check = 98n - ((BigInt(body) * 100n) % 97n);
  return parseEid(`${body}${digits(Number(check), 2)}`, "an emulated eUICC");
}

/** A type allocation code of the test range, and a million units (TS 23.003, 6.2.1). */
const imeiTac = "00101900";
export const imeis = 1_000_000;

export function imeiOf(line: number, number: number): Imei {
  const serial = (line * 7919 + number) % imeis;
  return parseImei(withLuhn(`${imeiTac}${digits(serial, 6)}`), "an emulated modem");
}

function digits(value: number, count: number): string {
  return String(value).padStart(count, "0");
}

function withLuhn(body: string): string {
  const sum = [...body].reverse().reduce((total, digit, index) => {
    const value = Number(digit) * (index % 2 === 0 ? 2 : 1);
    return total + (value > 9 ? value - 9 : value);
  }, 0);
  return `${body}${(10 - (sum % 10)) % 10}`;
}
