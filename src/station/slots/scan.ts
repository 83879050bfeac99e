import { type EsimdError, isEsimdError } from "../../base/errors.js";
import { parseSerial } from "../records/entry.js";

/** What a scanner read. Pure. */

export type Scan =
  /** Chooses the slot that the next serial number is for: a label on the fixture. */
  | { readonly kind: "slot"; readonly slot: number }
  | { readonly kind: "serial"; readonly serial: string; readonly slot: number | undefined }
  | { readonly kind: "unreadable"; readonly sentence: string };

const slotLabel = /^SLOT[ :-]?(\d{1,2})$/i;
/** No serial number has an @ in it. */
const slotAndSerial = /^(\d{1,2})@(.+)$/;

/** Reads `SLOT 7`, `7@SN123` and a serial number. */
export function readScan(text: string): Scan {
  const trimmed = text.trim();
  const label = slotLabel.exec(trimmed);
  if (label?.[1] !== undefined) return { kind: "slot", slot: Number(label[1]) };
  const both = slotAndSerial.exec(trimmed);
  try {
    if (both?.[1] !== undefined && both[2] !== undefined)
      return { kind: "serial", serial: parseSerial(both[2], "the scan"), slot: Number(both[1]) };
    return { kind: "serial", serial: parseSerial(trimmed, "the scan"), slot: undefined };
  } catch (error) {
    if (isEsimdError(error)) return { kind: "unreadable", sentence: sentenceOf(error) };
    throw error;
  }
}

function sentenceOf(error: EsimdError): string {
  return `${error.message.charAt(0).toUpperCase()}${error.message.slice(1)}.`;
}
