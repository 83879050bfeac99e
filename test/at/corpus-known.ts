import type { Dice } from "./corpus.js";

/**
 * Answers as modems write them, and what they mean, written down here and not taken from the code that reads them: a parser that always
 * misreads agrees with itself, and not with this table. Spellings from the facts on each family (`sources` in its dialect), TS 27.007.
 */

export interface KnownAnswer {
  readonly lines: readonly string[];
  /** What must be read out of them. */
  readonly value?: unknown;
  /** The result codes that stand in them. */
  readonly codes?: readonly string[];
}

export type KnownAnswerMaker = (dice: Dice) => KnownAnswer;
type Row = readonly [command: RegExp, ...answers: KnownAnswerMaker[]];

const says =
  (value: unknown, ...lines: readonly string[]): KnownAnswerMaker =>
  () => ({ lines, value });
const ends =
  (line: string, code: string): KnownAnswerMaker =>
  () => ({ lines: [line], codes: [code] });

/** 30 digits and the two that make the whole 1 modulo 97 (SGP.29). */
function eidDigits(dice: Dice): string {
  const digits = `89${dice.digits(28)}`;
  const check = 98n - ((BigInt(digits) * 100n) % 97n);
  return `${digits}${check.toString().padStart(2, "0")}`;
}

const iccidDigits = (dice: Dice): string => `8988${dice.digits(15)}`;

/** A value made up anew each time, and the line that tells it. */
const tells =
  (make: (dice: Dice) => string, write: (value: string) => string): KnownAnswerMaker =>
  (dice) => {
    const value = make(dice);
    return { lines: [write(value)], value };
  };
const eid = (write: (eid: string) => string): KnownAnswerMaker => tells(eidDigits, write);
const iccid = (write: (iccid: string) => string): KnownAnswerMaker => tells(iccidDigits, write);

/** The low digit of each byte first, filler F (ETSI TS 102 221 13.2). */
function swapped(digits: string): string {
  return digits.padEnd(20, "F").replace(/(.)(.)/g, "$2$1");
}

const codesOf = (operation: string): readonly KnownAnswerMaker[] => [
  ends(`+QESIM: "${operation}",0`, "0"),
  ends(`+QESIM:"${operation}",0x0`, "0"),
  ends(`+QESIM: "${operation}","1"`, "1"),
  ends(`+QESIM : "${operation}", 0x85000102`, "85000102"),
];

const quectelCommon: readonly Row[] = [
  [/^AT\+QCCID$/, iccid((digits) => `+QCCID: ${digits}`), iccid((digits) => `+QCCID:"${digits}F"`)],
  [/^AT\+ICCID$/, iccid((digits) => `+ICCID: ${digits}`)],
  [/^AT\+QUIMSLOT\?$/, says(1, "+QUIMSLOT: 1"), says(2, "+QUSIMSLOT: 2"), says(2, "+QUIMSLOT:2")],
];

const changes: readonly Row[] = ["enable", "disable", "delete", "nickname", "download"].map((operation) => [
  new RegExp(`^AT\\+QESIM="${operation}"`),
  ...codesOf(operation),
]);

/** A list with two profiles, one line each, and what is read of them. */
const rows =
  (tail: string, read: Readonly<Record<string, string>>, prefix = ""): KnownAnswerMaker =>
  (dice) => {
    const [first, second] = [iccidDigits(dice), iccidDigits(dice)];
    const lines = ['+QESIM: "list",0', `${prefix}"${first}",1,${tail}`, `${prefix}${second}F,0,${tail}`];
    const value = [
      { iccid: first, enabled: true, ...read },
      { iccid: second, enabled: false, ...read },
    ];
    return { lines, value, codes: ["0"] };
  };

const relay = ['+QESIM: "eid"', '+QESIM: "download"', '+QESIM: "trans",<total>,<more>'];
const ownNetwork = ['+QESIM: "eid"', '+QESIM: "list",<mode>,<total>', '+QESIM: "download",<nwMode>'];
const index = ['+QESIM: "lpa_enable",(0,1)', '+QESIM: "profile_brief"', '+QESIM: "eid"'];
const asked = (right: readonly string[], ...wrong: readonly (readonly string[])[]): Row => [
  /^AT\+QESIM=\?$/,
  says(true, ...right),
  ...wrong.map((lines) => says(false, ...lines)),
];

const detail: KnownAnswerMaker = (dice) => {
  const digits = iccidDigits(dice);
  return {
    lines: [`+QESIM: "profile_detail",${digits},0,"","Telit","Super, SIM",2`],
    value: { iccid: digits, enabled: false, provider: "Telit", name: "Super, SIM", profileClass: "operational" },
  };
};

const slots = `"+CPIN: READY","1","0","3B9F96","","8988", "+CPIN: EMPTY_EUICC","1","1","3B9F97","8904",""`;
const asApdu = (prefix: string): readonly KnownAnswerMaker[] => [
  tells(
    (dice) => `${dice.hex(1 + dice.below(120))}9000`,
    (hex) => `${prefix}: ${hex.length},"${hex}"`,
  ),
  // A7908E, without a space (lpac pull request 238); without quotes.
  tells(
    (dice) => `61${dice.hex(1)}`,
    (hex) => `${prefix}:${hex.length},${hex}`,
  ),
];
const registered = (prefix: string): Row => [
  new RegExp(`^AT\\${prefix}\\?$`),
  says("home", `${prefix}: 0,1`),
  says("roaming", `${prefix}: 2,5,"1A2B","0A1B2C3D",7`),
  says("searching", `${prefix}:2,2`),
  says("denied", `${prefix} : 1,3`),
  says("not-registered", `${prefix}: 0,0`),
  // Without circuit-switched fallback.
  says("home", `${prefix}: 0,9`),
  says("roaming", `${prefix}: 0,10`),
  // SMS only.
  says("unknown", `${prefix}: 0,6`),
  says("unknown", `${prefix}: 0,4`),
];

const common: readonly Row[] = [
  [
    /^AT\+CPIN\?$/,
    says("ready", "+CPIN: READY"),
    says("pin", "+CPIN:SIM PIN"),
    says("empty-euicc", "+CPIN: EMPTY_EUICC"),
    says("puk", "+CPIN: SIM PUK"),
  ],
  [
    /^AT\+CRSM=176/,
    tells(iccidDigits, (digits) => `+CRSM: 144,0,"${swapped(digits)}"`),
    says(undefined, '+CRSM: 106,130,""'),
  ],
  [
    /^AT\+CGDCONT\?$/,
    says(
      { type: "IPV4V6", apn: "super" },
      '+CGDCONT: 1,"IPV4V6","super","0.0.0.0",0,0',
      '+CGDCONT: 2,"IP","ims","",0,0',
    ),
  ],
  [/^AT\+CSQ$/, says({ dBm: -71, measure: "RSSI" }, "+CSQ: 21,99"), says(undefined, "+CSQ: 99,99")],
  [
    /^AT\+CESQ$/,
    says({ dBm: -91, measure: "RSRP" }, "+CESQ: 99,99,255,255,20,50"),
    says({ dBm: -97, measure: "SS-RSRP" }, "+CESQ: 99,99,255,255,255,255,70,60,80"),
  ],
  [
    /^AT\+CCLK\?$/,
    says(Date.UTC(2026, 10, 24, 4, 8, 9), '+CCLK: "26/11/24,06:08:09+08"'),
    says(undefined, '+CCLK: "80/01/06,00:00:19+00"'),
  ],
  [/^AT\+COPS\?$/, says("Test PLMN 1-1", '+COPS: 0,0,"Test PLMN 1-1",7'), says(undefined, "+COPS: 0")],
  [/^AT\+IPR\?$/, says(115_200, "+IPR: 115200"), says(0, "+IPR:0")],
  [/^AT\+IPR=\?$/, says([9_600, 115_200, 921_600], "+IPR: (9600,115200),(9600,115200,921600)")],
  [/^AT\+CGMI$/, says("Quectel", "Quectel"), says("Fibocom Wireless Inc.", '+CGMI: "Fibocom Wireless Inc."')],
  [/^AT\+CGMM$/, says("EG25", "EG25"), says("FM350-GL", '+CGMM: "FM350-GL"')],
  [/^AT\+CGMR$/, says("EG25GGBR07A08M2G", "EG25GGBR07A08M2G")],
  [/^AT\+CGSN$/, says("490154203237518", "490154203237518"), says("490154203237518", '+CGSN: "490154203237518"')],
  [/^AT\+CCHO=/, says("1", "+CCHO: 1"), says("2", "2"), says("000000000385a7cf", "+CCHO: 000000000385a7cf")],
  [/^AT\+CGLA=/, ...asApdu("+CGLA")],
  [/^AT\+CSIM=/, ...asApdu("+CSIM")],
  registered("+CEREG"),
  registered("+CGREG"),
  registered("+CREG"),
  registered("+C5GREG"),
];

const byOrigin: Readonly<Record<string, readonly Row[]>> = {
  common,
  "quectel-iccid": [
    asked(relay, ownNetwork, index),
    [/^AT\+QESIM="eid"$/, eid((digits) => `+QESIM: "eid",${digits}`), eid((digits) => `+QESIM:"eid","${digits}"`)],
    [
      /^AT\+QESIM="list"/,
      rows('0,2,"Super, SIM","Twilio"', { provider: "Twilio", name: "Super, SIM", profileClass: "operational" }),
    ],
    ...changes,
    ...quectelCommon,
  ],
  "quectel-nwmode": [
    asked(ownNetwork, relay, index),
    [
      /^AT\+QESIM="eid"$/,
      (dice) => {
        const digits = eidDigits(dice);
        return { lines: [`+QESIM: "eid",0,"${digits}"`], value: digits, codes: ["0"] };
      },
    ],
    [/^AT\+QESIM="list"/, rows('"mine","Twilio"', { nickname: "mine", provider: "Twilio" })],
    ...changes,
    ...quectelCommon,
  ],
  "quectel-index": [
    asked(index, relay, ownNetwork),
    [/^AT\+QESIM="eid"$/, eid((digits) => `+QESIM: "eid",${digits}`)],
    [/^AT\+QESIM="profile_brief"$/, says(2, '+QESIM: "profile_brief",2'), says(0, '+QESIM:"profile_brief",0')],
    [/^AT\+QESIM="profile_detail"/, detail],
    [/^AT\+QESIM="def_svr_addr"$/, says("esim.wo.com.cn", '+QESIM: "def_svr_addr","esim.wo.com.cn"')],
    [/^AT\+QESIM="lpa_enable"$/, says(true, '+QESIM: "lpa_enable",1'), says(false, '+QESIM:"lpa_enable",0')],
    ...quectelCommon,
  ],
  "fibocom-mtk": [
    [/^AT\+EID\?$/, eid((digits) => `+EID: "${digits}"`)],
    [/^AT\+ICCID$/, iccid((digits) => `+ICCID: ${digits}F`)],
    [/^AT\+GTDUALSIM\?$/, says(1, '+GTDUALSIM : 1, "SUB2", "NO SERVICE"'), says(0, '+GTDUALSIM: 0,"SUB1","L"')],
    [
      /^AT\+ESLOTSINFO\?$/,
      says(
        [
          { slot: 0, hasEuicc: false },
          { slot: 1, hasEuicc: true },
        ],
        `+ESLOTSINFO: 2, ${slots}`,
      ),
    ],
  ],
  sierra: [
    [/^AT!CUSTOM\?$/, says(true, "!CUSTOM:", "GPSENABLE 0x01", "SIMLPA 0x01"), says(false, '!CUSTOM: "SIMLPA", 0')],
    [/^AT!ICCID\?$/, iccid((digits) => `!ICCID: ${digits}`)],
  ],
  simcom: [[/^AT\+CICCID$/, iccid((digits) => `+ICCID: ${digits}`)]],
  "3gpp-r19": [[/^AT\+CGEUICCID$/, eid((digits) => `+CGEUICCID: "${digits}"`)]],
  "etsi-apdu": [
    [/^AT\+CCID$/, iccid((digits) => `+CCID: ${digits}`)],
    [/^AT\+ICCID$/, iccid((digits) => `+ICCID: "${digits}"`)],
  ],
};

/** What is known of the answers to a command of this dialect, or to one that every modem is asked (`common`). */
export function knownAnswers(origin: string, text: string): readonly KnownAnswerMaker[] {
  const row = (byOrigin[origin] ?? []).find(([command]) => command.test(text));
  return row === undefined ? [] : row.slice(1).filter((entry) => typeof entry === "function");
}
