import { EsimdError, toEsimdError } from "../../base/errors.js";
import { quote } from "../../base/identifiers.js";
import type { StationControl, StationEvent } from "../control.js";
import type { SlotView, StationView } from "../view.js";

/**
 * The line protocol for a PLC or a test executive: one command a line, one answer line for each, and events once they are asked for.
 * docs/station.md has the table. Pure but for what it asks of the station.
 */

export const protocolName = "ESIMD-STATION 1";
/** In bytes of UTF-8, without its end. */
export const longestLine = 512;

export function isTooLong(line: string): boolean {
  return Buffer.byteLength(line) > longestLine;
}

export interface Answer {
  readonly lines: readonly string[];
  /** From now on this client hears events. */
  readonly listens: boolean;
}

/** What the station answers to one line. Never throws: what cannot be done is an `ERR` line. */
export function answerTo(line: string, control: StationControl): Answer {
  const [word = "", ...rest] = line.trim().split(" ");
  try {
    const lines = obey(word.toUpperCase(), rest, control);
    return { lines, listens: word.toUpperCase() === "LISTEN" };
  } catch (thrown) {
    const error = toEsimdError(thrown);
    return { lines: [errorLine(error)], listens: false };
  }
}

export function errorLine({ code, message }: EsimdError): string {
  return oneLine(`ERR ${code} ${message}`);
}

function obey(word: string, rest: readonly string[], control: StationControl): readonly string[] {
  switch (word) {
    case "HELLO":
    case "LISTEN":
      return ["OK"];
    case "STATUS":
      return rest.length === 0 ? wholeStatus(control.view()) : [`OK ${slotStatus(slotIn(control.view(), rest[0]))}`];
    case "COUNTS": {
      const { passed, failed, charges } = control.view().batch;
      return [`OK ${passed + failed} ${passed} ${failed} ${charges}`];
    }
    case "SERIAL":
      return serial(rest, control);
    case "RETRY":
      control.retry(numberOf(rest[0]));
      return ["OK"];
    case "OFF":
    case "ON":
      control.setOff(numberOf(rest[0]), word === "OFF");
      return ["OK"];
    case "DRAIN":
      control.drain();
      return ["OK"];
    case "STOP":
      control.stop();
      return ["OK"];
    default:
      throw new EsimdError("executive_protocol", `${quote(word)} is no command of the line protocol`);
  }
}

/** `*`: the slot that a scan would go to. A serial number may have spaces in it, and so ends with the line. */
function serial(rest: readonly string[], control: StationControl): readonly string[] {
  const [slot, ...words] = rest;
  const taken = control.scan(words.join(" "), slot === "*" ? undefined : numberOf(slot));
  if (!taken.isTaken) throw new EsimdError(taken.code, taken.sentence.replace(/\.$/, ""));
  return [`OK ${taken.slot}`];
}

function wholeStatus({ slots }: StationView): readonly string[] {
  return [`OK ${slots.length}`, ...slots.map((slot) => `SLOT ${slotStatus(slot)}`)];
}

function slotStatus({ number, phase, unit }: SlotView): string {
  return `${number} ${phase.kind} ${unit.serial ?? "-"}`;
}

function slotIn({ slots }: StationView, text: string | undefined): SlotView {
  const number = numberOf(text);
  const slot = slots.find((one) => one.number === number);
  if (slot !== undefined) return slot;
  throw new EsimdError("bad_input", `there is no slot ${number}`);
}

function numberOf(text: string | undefined): number {
  if (text !== undefined && /^\d{1,2}$/.test(text)) return Number(text);
  throw new EsimdError("executive_protocol", `${quote(text ?? "")} is no slot's number`);
}

/** An event as it goes over the line. */
export function eventLine(event: StationEvent): string {
  switch (event.kind) {
    case "put-in":
      return `EVENT PUTIN ${event.slot}`;
    case "taken-out":
      return `EVENT TAKENOUT ${event.slot}`;
    case "begun":
      return `EVENT BEGUN ${event.slot} ${event.serial ?? "-"}`;
    case "ended": {
      const { slot, exitStatus, seconds, verdict, eid, iccid, code, serial: unit } = event;
      const found = verdict === "PASS" ? `${eid ?? "-"} ${iccid ?? "-"}` : (code ?? "-");
      return `EVENT ${verdict} ${slot} ${exitStatus} ${seconds.toFixed(1)} ${found} ${unit ?? "-"}`;
    }
    case "phase":
      return `EVENT PHASE ${event.phase}`;
  }
}

/** What is too long for a line loses its end; no character is cut in two. */
function oneLine(text: string): string {
  const line = text.replace(/[\r\n\0]+/g, " ");
  if (!isTooLong(line)) return line;
  const bytes = Buffer.from(line).subarray(0, longestLine);
  return new TextDecoder().decode(bytes, { stream: true });
}
