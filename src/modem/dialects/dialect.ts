import type { AnswerPattern } from "../../at/channel.js";
import type { Pieces } from "../../at/piecewise.js";
import type { Eid, Iccid } from "../../base/identifiers.js";
import type { ProfileRow } from "../profile-row.js";
import type { Evidence, RefreshStep } from "./spec.js";

export type { Evidence, RefreshStep } from "./spec.js";

/** One AT exchange. `{name}` in `send` is filled in by the caller; a value with a quote or a control character is refused. */
export interface Exchange {
  readonly send: string;
  readonly answer: AnswerPattern;
  readonly timeoutMs: number;
  /** The result code inside the answer. Without it, OK alone decides. */
  readonly resultCode?: {
    /** First group: the code as it stands in the line. */
    readonly pattern: RegExp;
    readonly success: RegExp;
  };
  /** Codes that say that what was asked for is so already. */
  readonly already?: RegExp;
  /** A second try after silence or garbage cannot do harm (reads, and operations that are their own undo). */
  readonly repeatable: boolean;
}

/** Where a fact comes from, and how sure it is. */
export interface Sourced {
  readonly evidence: Evidence;
  readonly source: string;
}

export interface Query<Value> extends Exchange, Sourced {
  /** Pure: the value in the answer's lines, or undefined when they hold none. */
  readonly parse: (lines: readonly string[]) => Value | undefined;
}

/** Where OK means accepted and no more: the list is read until it shows the change. */
export interface Change extends Exchange, Sourced {
  readonly settle?: { readonly pollEveryMs: number; readonly windowMs: number; readonly resend: boolean };
}

/** The line that says the download ended. */
export interface DownloadEnd extends Sourced {
  /** First group: result code, 0 for success. */
  readonly line: RegExp;
}

/** The host carries the modem's HTTPS: `start` is answered by requests, each of which is answered by chunks of a whole HTTP response. */
export interface HostRelayDownload {
  readonly kind: "host-relay";
  readonly start: Exchange & Sourced;
  /** Fields: total, more, sequence, length, hex. */
  readonly chunk: Exchange & Sourced;
  readonly maxChunkHex: number;
  /** The prefix of lines that carry a request or the end. */
  readonly prefix: string;
  readonly end: DownloadEnd;
  /** How long the modem may think between our last chunk and its next request; loading a package into the eUICC is in it. */
  readonly stepTimeoutMs: number;
  /** How long it may take from the delivered install result to the line that ends the download; without it, the list decides. */
  readonly endTimeoutMs: number;
}

/** The modem downloads over its own network; its word about the end is hearsay until the list has the profile. */
export interface ModemNetworkDownload {
  readonly kind: "modem-network";
  readonly start: Exchange & Sourced;
  readonly startWithCode?: Exchange & Sourced;
  readonly end: DownloadEnd;
  readonly windowMs: number;
  readonly pollEveryMs: number;
}

/** An LPA that manages profiles and cannot fetch one, as far as anybody knows. */
export interface NoDownload {
  readonly kind: "none";
  readonly why: string;
}

export type ProfileList =
  | ({ readonly kind: "rows" } & Query<readonly ProfileRow[]>)
  | { readonly kind: "indexed"; readonly count: Query<number>; readonly detail: Query<ProfileRow> };

/** The commands of a modem's own LPA; those on a profile name it by `{iccid}` or by `{index}`, of which the list is the source. */
export interface OwnLpa {
  readonly list: ProfileList;
  readonly enable: Change;
  readonly disable: Change;
  readonly delete?: Change;
  readonly nickname?: Change;
  readonly download: HostRelayDownload | ModemNetworkDownload | NoDownload;
  readonly defaultSmdp?: { readonly read: Query<string>; readonly write?: Exchange & Sourced };
  /** What a result code says, or undefined when it is not listed. Takes `0x` in front and either case. */
  readonly describeResultCode: (code: string) => string | undefined;
}

/** A modem's own LPA that keeps every host from the ISD-R while it is switched on. */
export interface LpaSwitch {
  readonly name: string;
  readonly query: Query<boolean>;
  /** What the modem wants to hear before `off`. */
  readonly unlock?: Exchange & Sourced;
  readonly off: Exchange & Sourced;
  readonly needsReset: boolean;
}

export interface SlotCommands {
  readonly query: Query<number>;
  readonly set: Exchange & Sourced;
  readonly note: string;
}

export interface SlotRow {
  readonly slot: number;
  readonly hasEuicc: boolean;
}

/** Commands for the power of the SIM alone. */
export interface SimPower {
  readonly off: Exchange & Sourced;
  readonly on: Exchange & Sourced;
}

export interface RefreshPlan extends Sourced {
  readonly waitMs: number;
  readonly ladder: readonly RefreshStep[];
  /** Always there where the ladder has `sim-power`. */
  readonly simPower?: SimPower;
}

export interface Recognition extends Sourced {
  readonly identity?: RegExp;
  readonly ask?: {
    readonly send: string;
    readonly prefix: string;
    readonly timeoutMs: number;
    /** Pure: do these answer lines (to an OK) say that the modem speaks this dialect? */
    readonly matches: (lines: readonly string[]) => boolean;
  };
}

/** A command that a modem may have, and the form of it that changes nothing and is answered with OK by one that has it. */
export interface Offer extends Exchange, Sourced {
  readonly name: string;
}

/** What is known of a family of modems. Whatever it lacks is done by what 3GPP gives every modem. */
export interface Dialect {
  readonly name: string;
  readonly summary: string;
  readonly modems: readonly string[];
  readonly evidence: Evidence;
  /** Where the facts come from, for docs and for `probe`. */
  readonly sources: readonly string[];
  readonly recognise?: Recognition;
  readonly eid?: Query<Eid>;
  readonly ownLpa?: OwnLpa;
  readonly lpaSwitch?: LpaSwitch;
  /** Commands that esimd does not use, looked for by {@link Offer} to be shown. */
  readonly offers: readonly Offer[];
  readonly iccid: readonly Query<Iccid>[];
  readonly slot?: SlotCommands;
  readonly slots?: Query<readonly SlotRow[]>;
  readonly refresh: RefreshPlan;
  readonly isdrWindowMs: number;
  /** Long lines go out in pieces; undefined: whole. */
  readonly pieces?: Pieces;
  readonly notes: readonly string[];
  /** esimd's own, or the file that it was read from. */
  readonly origin: string;
}

/** A dialect whose modem has an LPA of its own. */
export type OwnLpaDialect = Dialect & { readonly ownLpa: OwnLpa };

export function hasOwnLpa(dialect: Dialect | undefined): dialect is OwnLpaDialect {
  return dialect?.ownLpa !== undefined;
}
