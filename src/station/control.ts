import type { StationView } from "./view.js";

/** What a person, a page or a test executive can do with a running station. All of it may be called at any time. */
export interface StationControl {
  view(): StationView;
  /** Calls `changed` after something of the view changed, at most once in a turn of the event loop, until the returned function is called. */
  onChange(changed: () => void): () => void;
  /** Calls `heard` for each event of the line, in order, until the returned function is called. */
  onEvent(heard: (event: StationEvent) => void): () => void;
  /**
   * What a scanner read: a unit's serial number, for the slot that is given, else for the one that a scan of `SLOT N` chose last, else for the one
   * that waits for a serial number the longest, else for the next unit that is put in. Never throws: what came of it is in `view().scan`, and returned.
   */
  scan(text: string, slot?: number): ScanResult;
  /** The slot's unit runs again. @throws EsimdError `station_refused`. */
  retry(slot: number): void;
  /** The slot is worked with no more, or again. A run that is on its way ends first. @throws EsimdError `station_refused`. */
  setOff(slot: number, isOff: boolean): void;
  /** One more label of a unit that passed. Resolves when it is printed. @throws EsimdError. */
  reprint(serial: string, signal: AbortSignal): Promise<void>;
  /** Takes back that a serial number belongs to an eUICC. @throws EsimdError `station_refused`, `bad_input`. */
  voidUnit(serial: string, why: string, by: string | null): Promise<void>;
  /** Nothing new begins; what runs ends. */
  drain(): void;
  /** What runs is cut short as a loss of power would, in good order; it goes on where it stopped at the next start. */
  stop(): void;
  /** Units of all batches whose serial, EID, IMEI or ICCID contains `text`, the newest first. */
  search(text: string, limit: number): readonly FoundUnit[];
}

/** `sentence` is for the person with the scanner. */
export type ScanResult =
  | { readonly isTaken: true; readonly sentence: string; readonly slot: number }
  | {
      readonly isTaken: false;
      readonly sentence: string;
      readonly slot: number | null;
      /** `bad_input`: the same scan is refused the next time, too; `station_refused`: not as the station stands. */
      readonly code: "bad_input" | "station_refused";
    };

export type StationEvent =
  | { readonly kind: "put-in"; readonly slot: number }
  | { readonly kind: "taken-out"; readonly slot: number }
  | { readonly kind: "begun"; readonly slot: number; readonly serial: string | null }
  | {
      readonly kind: "ended";
      readonly slot: number;
      readonly serial: string | null;
      readonly verdict: "PASS" | "FAIL";
      readonly eid: string | null;
      readonly iccid: string | null;
      /** Null with PASS. */
      readonly code: string | null;
      readonly exitStatus: number;
      readonly seconds: number;
    }
  | { readonly kind: "phase"; readonly phase: StationView["phase"] };

export interface FoundUnit {
  readonly serial: string;
  readonly batch: string;
  readonly slot: number;
  readonly verdict: "PASS" | "FAIL";
  readonly eid: string | null;
  readonly iccid: string | null;
  readonly imei: string | null;
  readonly code: string | null;
  readonly message: string | null;
  /** Milliseconds of the wall clock. */
  readonly endedAtMs: number;
  readonly seconds: number;
  readonly runs: number;
}
