/** What families of modems write or refuse where others follow TS 27.007 to the letter. Data; {@link plainStyle} is the letter. */

/** One command that tells the ICCID. */
export interface IccidCommand {
  readonly command: string;
  readonly form: "execute" | "read";
  /** The prefix of its answer, which need not be its name. */
  readonly prefix: string;
  /** The filler nibble that makes an ICCID of 19 digits ten bytes is told, too. */
  readonly filler: boolean;
}

export type CardCommand = "+CCHO" | "+CCHC" | "+CGLA" | "+CSIM";

export interface ModemStyle {
  /** `+CCHO: 1`, a bare `1`, or an opaque handle of 16 hex digits. */
  readonly cchoAnswer: "prefixed" | "bare" | "opaque";
  /** Between the colon and the length in `+CGLA: 4,"9000"` and `+CSIM: 4,"9000"`. */
  readonly cardAnswerSpace: boolean;
  /** Who fetches what 61xx announces: the host as on the wire of the card, or the modem, so that the answer comes whole. */
  readonly getResponse: "host" | "modem";
  /** A channel number in the CLA of a CGLA command: overwritten by the modem's own, or refused. TS 27.007 8.45 wants none there. */
  readonly hostChannelBits: "overwritten" | "refused";
  readonly csim: "works" | "error";
  /** Test forms of the card commands that are not answered OK. */
  readonly cardTestForms: Readonly<Partial<Record<CardCommand, "silent" | "error">>>;
  /** The answer to a host that asks for the ISD-R while the LPA inside holds it: a number of TS 27.007 9.2, or plain ERROR. */
  readonly heldIsdrCme: number | "plain";
  readonly iccid: readonly IccidCommand[];
  /** `RG650E-EU`, or `+CGMM: "RG650E-EU"`. */
  readonly identity: "bare" | "prefixed-quoted";
  /** ATI with `Manufacturer: ` and `Model: ` in front. */
  readonly labelledInformation: boolean;
  /** AT+CPIN? on an eUICC without an enabled profile. */
  readonly withoutProfile: "sim-failure" | "EMPTY_EUICC";
  /** AT+CSQ, or `99,99` at any time, with AT+CESQ in its place. */
  readonly signal: "csq" | "cesq";
  /** Unsolicited, once the modem listens. */
  readonly bootUrcs: readonly string[];
  /** Unsolicited, once the SIM is up: with an enabled profile, and without one. */
  readonly simUrcs: { readonly ready: readonly string[]; readonly empty: readonly string[] };
  /** Words of CMEE=2 that are the maker's own. */
  readonly cmeWords: Readonly<Record<number, string>>;
}

/** TS 27.007 and, for what it leaves to makers, Quectel's manuals. */
export const plainStyle: ModemStyle = {
  cchoAnswer: "prefixed",
  cardAnswerSpace: true,
  getResponse: "host",
  hostChannelBits: "overwritten",
  csim: "works",
  cardTestForms: {},
  heldIsdrCme: 3,
  // AT+QCCID on LTE modules, AT+ICCID on 5G ones; the tests of a 5G module ask AT+QCCID, too.
  iccid: [
    { command: "+QCCID", form: "execute", prefix: "+QCCID", filler: false },
    { command: "+ICCID", form: "execute", prefix: "+ICCID", filler: false },
  ],
  identity: "bare",
  labelledInformation: false,
  withoutProfile: "sim-failure",
  signal: "csq",
  bootUrcs: ["RDY"],
  simUrcs: { ready: ["+CPIN: READY", "+QUSIM: 1", "+QIND: PB DONE"], empty: ["+CPIN: NOT READY"] },
  cmeWords: {},
};
