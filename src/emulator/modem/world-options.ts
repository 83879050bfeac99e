/** The state of the world around a fake modem: every option, its bounds, and what it is when nobody says otherwise. */

import { z } from "zod";

const milliseconds = z.number().int().min(0).max(3_600_000);
const slotNumber = z.union([z.literal(1), z.literal(2)]);
const rate = z.number().int().min(50).max(12_000_000);
const text = z.string().max(300);

/** Two SIM slots; without them the eUICC is in the only one. */
const slotsSchema = z.strictObject({
  /** At the start; a switch by the host is kept over resets and lost power (Quectel RG520N manual: "saved to NVM"). */
  active: slotNumber.default(1),
  euicc: slotNumber.default(2),
  /** In the slot that the eUICC is not in: a plain SIM with a subscription, or nothing. */
  other: z.enum(["sim", "empty"]).default("sim"),
  /** How the answer to AT+QUIMSLOT? is spelt: the RG520N and RM500U manuals print `+QUSIMSLOT: 1` in their example. */
  spelling: z.enum(["QUIMSLOT", "QUSIMSLOT"]).default("QUIMSLOT"),
  /** The AT port dies with a switch and comes back so much later, as reported of FM350; left out: it stays. */
  portGoneMs: milliseconds.optional(),
});

/** A UART whose speed means something; without it the port is as USB, where a rate is accepted and means nothing. */
const uartSchema = z.strictObject({
  /** What AT+IPR takes. */
  rates: z.array(rate).min(1).max(40),
  /** After power on, until AT&W keeps another. */
  startRate: rate.default(115_200),
  /** Beyond this the line itself spoils what both ends send at the same rate. */
  cleanUpTo: rate.optional(),
});

export const worldSchema = z.strictObject({
  /** The EID that the modem reports in place of its eUICC's: one whose check digits are wrong, or the given digits. */
  reportedEid: z.union([z.literal("invalid"), z.string().regex(/^\d{32}$/, "must be 32 digits")]).optional(),
  /** `m2m`: an eUICC of SGP.02, whose ISD-R opens and answers every ES10 command with 6985 (wwand's test with an EMnify card). */
  euicc: z.enum(["present", "absent", "full", "m2m"]).default("present"),
  /** So many more disabled profiles are on a new eUICC, for lists of more than 1 kB (lpac PR #129). */
  extraProfiles: z.number().int().min(0).max(30).default(0),
  /** What the modem says of a download and what is then on the eUICC. */
  download: z.enum(["truthful", "fails-but-present", "ok-but-absent"]).default("truthful"),
  /** How many downloads `download` applies to; left out: all. */
  downloadTimes: z.number().int().min(1).max(1000).optional(),
  /** From the OK of `quectel-index`, which means accepted, to the change of the profile. Field tests poll up to 63 s. */
  lpaEffectMs: milliseconds.default(2500),
  /** The line that ends a download comes so much later, or never. */
  completionDelayMs: milliseconds.default(0),
  completionMissing: z.boolean().default(false),
  /** Between the profile's arrival on the eUICC and the delivery of the install result: the window for a power cut. */
  installMs: milliseconds.default(0),
  coverage: z.enum(["home", "roaming", "none"]).default("roaming"),
  /** Profiles that every network here rejects, by ICCID or by class; the others have `coverage`. */
  unserved: z
    .array(z.union([z.enum(["test", "provisioning", "operational"]), z.string().regex(/^\d{18,20}$/)]))
    .max(20)
    .default([]),
  /** With a network the first packet context is active by itself, as the default bearer of LTE is (TS 23.401 5.3.2.1). */
  defaultBearer: z.boolean().default(false),
  /**
   * What it takes until the modem looks at the eUICC again after a switch of profiles; it goes on with the old profile until then.
   * `ignored`: REFRESH has no effect, any start of the SIM has (RG650E, by wwand). `needs-…`: only that, or more of it, has.
   */
  refresh: z.enum(["honoured", "ignored", "needs-cfun", "needs-sim-power", "needs-reset"]).default("honoured"),
  /** From a REFRESH to the restart of the SIM: the old profile is still there, and ES10 commands get 6985 (MC7455: about 10 s). */
  notReadyMs: milliseconds.default(0),
  /** How long the SIM is busy after a REFRESH. Real ones take 1.5 to 10 s. */
  simBusyMs: milliseconds.default(1500),
  /** The +CME ERROR numbers that a starting SIM gives in turn, over equal parts of `simBusyMs`; 10, 13 and 14 are met. */
  simBusyErrors: z.array(z.number().int().min(0).max(999)).min(1).max(10).default([14]),
  /** `locked`: the SIM application wants PIN 1234 after each start of the SIM. */
  pin: z.enum(["none", "locked"]).default("none"),
  slots: slotsSchema.optional(),
  /** A command that takes the SIM's power and gives it back: Telit's AT#SIMDET=0/1, MediaTek's AT+ESIMPOWER=0/1. */
  simPower: z.enum(["none", "simdet", "esimpower"]).default("none"),
  /** The modem's own LPA has the ISD-R but in this window after each start of the SIM (FM350, by wwand); a host that asks is refused. */
  isdrWindow: z.strictObject({ opensMs: milliseconds, closesMs: milliseconds }).optional(),
  /** From a usable SIM to the network. */
  registrationMs: milliseconds.default(2500),
  /** `by-modem`: AT+CGDCONT= is refused. `silently`: it is answered OK and changes nothing. `by-network`: no context gets active. */
  apnRejected: z.enum(["no", "by-modem", "silently", "by-network"]).default("no"),
  /** `unset`: the modem's clock begins at 80/01/06 with each power on, until NITZ comes while AT+CTZU is 1, or the host sets it. */
  clock: z.enum(["set", "unset"]).default("set"),
  /** By how much the modem's clock is fast. */
  clockErrorMs: z.number().int().min(-3_200_000_000_000).max(3_200_000_000_000).default(0),
  /** The network's time zone, in quarters of an hour. */
  timeZoneQuarters: z.number().int().min(-96).max(96).default(0),
  /** The ways to the card: by logical channels and CSIM, or by CSIM alone, as on modems without CCHO. */
  cardAccess: z.enum(["channels", "csim"]).default("channels"),
  /** From AT+CFUN=0 to AT+CFUN=1 nothing is said, not even OK; what is sent is carried out (EG25: openpilot sends both in one write). */
  silentAtCfun0: z.boolean().default(false),
  /** Longer APDUs are refused, as by modems whose AT lines are short. */
  maxApduBytes: z.number().int().min(16).max(261).default(261),
  /** How long a relayed download waits for the host. */
  relayTimeoutMs: milliseconds.default(120_000),
  /** What the port is: for AT, or one that a host may take for it: GNSS sentences, or Qualcomm's binary DIAG. */
  port: z.enum(["at", "nmea", "diag"]).default("at"),
  uart: uartSchema.optional(),
  /** What comes beyond so many bytes without a pause is lost (Quectel: lpac #167). */
  inputBurstBytes: z.number().int().min(1).max(65_536).optional(),
  /** After power on, and after a host opened the port where that can be seen, the modem neither hears nor speaks (FM350: up to 45 s). */
  silentAfterOpenMs: milliseconds.default(0),
  /** Lines that waited while nobody had the port open. */
  staleUrcs: z.array(text).max(50).default([]),
  /** Once, so long after its start, the modem vanishes and comes back after two seconds (FM350: about 90 s). */
  selfResetAfterMs: milliseconds.optional(),
  /** So many characters at the start of every echo are lost: `T+CCHC=1` is AT+CCHC=1 less one (lpac #179). */
  partialEcho: z.number().int().min(0).max(64).default(0),
  /** The words of +CME ERROR with AT+CMEE=2: TS 27.007's, or others, such as EM9191's "Parameters error". */
  cmeWords: z.enum(["3gpp", "other"]).default("3gpp"),
  /** What stands for CR LF: LF alone, CR alone, CR CR LF, or CR LF behind a line only. */
  lineEnds: z.enum(["crlf", "lf", "cr", "crcrlf", "behind"]).default("crlf"),
  /** `elsewhere`: unsolicited lines go to another port of the modem (Quectel AT+QURCCFG="urcport"). */
  urcs: z.enum(["here", "elsewhere"]).default("here"),
});

export type WorldInput = z.input<typeof worldSchema>;
export type World = z.output<typeof worldSchema>;
export type SlotSetup = NonNullable<World["slots"]>;
export type UartSetup = NonNullable<World["uart"]>;

/** The world when no scenario says otherwise. */
export const ordinaryWorld: World = worldSchema.parse({});
