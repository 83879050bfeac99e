/** The station's line protocol, as a test executive hears it: one line, one meaning. Pure. */

export const phaseKinds = ["empty", "needs-serial", "needs-unit", "running", "passed", "failed", "off"] as const;
export type PhaseKind = (typeof phaseKinds)[number];

export interface SlotStatus {
  readonly slot: number;
  readonly phase: PhaseKind;
  readonly serial: string | null;
}

export type LineEvent =
  | { readonly kind: "put-in" | "taken-out"; readonly slot: number }
  | {
      readonly kind: "verdict";
      readonly slot: number;
      readonly verdict: "PASS" | "FAIL";
      /** Null with PASS. */
      readonly code: string | null;
      readonly serial: string | null;
    }
  /** One that the line has no use for. */
  | { readonly kind: "other"; readonly text: string };

export type Answer =
  | { readonly kind: "ok"; readonly text: string }
  | { readonly kind: "err"; readonly code: string; readonly sentence: string };

export const maxLineBytes = 512;

export function isEvent(line: string): boolean {
  return line.startsWith("EVENT ");
}

/** Undefined for a line that is none of the protocol's. */
export function parseEvent(line: string): LineEvent | undefined {
  const [, name = "", rest = ""] = /^EVENT ([A-Z]+) (.+)$/.exec(line) ?? [];
  switch (name) {
    case "PUTIN":
    case "TAKENOUT": {
      const slot = slotNumber(rest);
      return slot === undefined ? undefined : { kind: name === "PUTIN" ? "put-in" : "taken-out", slot };
    }
    case "PASS": {
      // EVENT PASS slot exitStatus seconds eid iccid SERIAL
      const fields = /^(\d+) \S+ \S+ \S+ \S+ (.+)$/.exec(rest);
      return verdict("PASS", fields?.[1], undefined, fields?.[2]);
    }
    case "FAIL": {
      // EVENT FAIL slot exitStatus seconds code SERIAL
      const fields = /^(\d+) \S+ \S+ (\S+) (.+)$/.exec(rest);
      return verdict("FAIL", fields?.[1], fields?.[2], fields?.[3]);
    }
    case "":
      return undefined;
    default:
      return { kind: "other", text: line };
  }
}

function verdict(
  word: "PASS" | "FAIL",
  slotText: string | undefined,
  code: string | undefined,
  serial: string | undefined,
): LineEvent | undefined {
  const slot = slotNumber(slotText ?? "");
  if (slot === undefined || serial === undefined) return undefined;
  return { kind: "verdict", slot, verdict: word, code: known(code), serial: known(serial) };
}

/** `SLOT n PHASE serial|-`. */
export function parseSlotStatus(line: string): SlotStatus | undefined {
  const [, number = "", word, serial] = /^SLOT (\d+) (\S+) (.+)$/.exec(line) ?? [];
  const slot = slotNumber(number);
  const phase = phaseKinds.find((kind) => kind === word);
  return slot === undefined || phase === undefined ? undefined : { slot, phase, serial: known(serial) };
}

/** `OK …` or `ERR code sentence`. */
export function parseAnswer(line: string): Answer | undefined {
  if (line === "OK") return { kind: "ok", text: "" };
  if (line.startsWith("OK ")) return { kind: "ok", text: line.slice(3) };
  const [, code, sentence = ""] = /^ERR (\S+)(?: (.*))?$/.exec(line) ?? [];
  return code === undefined ? undefined : { kind: "err", code, sentence };
}

function slotNumber(text: string): number | undefined {
  return /^[1-9]\d?$/.test(text) ? Number(text) : undefined;
}

function known(text: string | undefined): string | null {
  return text === undefined || text === "-" ? null : text;
}
