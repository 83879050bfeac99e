import type { AnswerPattern } from "../../src/at/channel.js";
import { afterPrefix } from "../../src/at/fields.js";
import type { FinalResult } from "../../src/at/result-code.js";
import type { Random } from "../../src/base/random.js";
import type { CorpusCommand, Reading } from "./corpus-commands.js";
import type { KnownAnswer } from "./corpus-known.js";

/**
 * Generated AT traffic: commands of the real code, what a modem may say to them, and how it may arrive. Pure and seeded.
 *
 * What it never produces, because the protocol has no sign to tell it by (docs/at-channel.md has the list for people):
 * - a URC that the answer's own pattern takes and that reads like the answer, byte for byte or by its value;
 * - a URC that is spelt like a final result (`NO CARRIER` of a call that ends);
 * - a URC without a prefix that nobody knows, within an answer that has none either;
 * - a URC in the middle of another line;
 * - the end of an echo, shorter than four characters, before an answer without a prefix;
 * - an answer that comes after the modem has answered what was sent later.
 */

/** What a modem says to one command, and the truth about it. */
export interface Saying {
  /** As it comes over the wire, echo and URCs among it. */
  readonly wire: string;
  /** How many lines that is. */
  readonly lineCount: number;
  /** The lines of the true answer. */
  readonly answer: readonly string[];
  readonly result: FinalResult;
  /** The lines that the answer's pattern takes, in their order: the answer, and URCs that share its prefix and change nothing of it. */
  readonly accepted: readonly string[];
  /** All other URCs, in their order. */
  readonly urcs: readonly string[];
  /** What must be read out of the answer, where that is known. */
  readonly reading: Reading | undefined;
}

export class Dice {
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  /** 0 to `below` - 1. */
  below(below: number): number {
    return Math.floor(this.#random.next() * below);
  }

  chance(probability: number): boolean {
    return this.#random.next() < probability;
  }

  pick<T>(items: readonly T[]): T {
    const item = items[this.below(items.length)];
    if (item === undefined) throw new Error("there is nothing to pick from");
    return item;
  }

  digits(count: number): string {
    let text = "";
    while (text.length < count) text += String(this.below(10));
    return text;
  }

  hex(bytes: number): string {
    let text = "";
    while (text.length < bytes * 2) text += this.below(256).toString(16).padStart(2, "0").toUpperCase();
    return text;
  }
}

/** The command with its templates filled in. */
export function filled(command: CorpusCommand, dice: Dice): CorpusCommand {
  const text = command.text.replace(/\{(\w+)\}/g, (_whole, name: string) =>
    /hex/i.test(name) ? dice.hex(dice.below(40)) : dice.digits(1 + dice.below(20)),
  );
  return text === command.text ? command : { ...command, text };
}

const ends = ["\r\n", "\r\n", "\r\n", "\r", "\n", "\r\r\n"] as const;
const separators = [": ", ": ", ":", " : ", ":  "] as const;

/** Final results as firmware writes them, and what they are. */
const finals: readonly (readonly [text: string, result: FinalResult])[] = [
  ["ERROR", { kind: "error", text: "ERROR" }],
  ["COMMAND NOT SUPPORT", { kind: "error", text: "COMMAND NOT SUPPORT" }],
  ["MODEM ERROR: 5", { kind: "error", text: "MODEM ERROR: 5" }],
  ["NO CARRIER", { kind: "error", text: "NO CARRIER" }],
  ["+CME ERROR: 14", { kind: "cme", number: 14, text: "14" }],
  ["+CME ERROR:3", { kind: "cme", number: 3, text: "3" }],
  ["+CME ERROR: SIM busy", { kind: "cme", number: 14, text: "SIM busy" }],
  [
    "+CME ERROR: Requested parameter not supported",
    { kind: "cme", number: undefined, text: "Requested parameter not supported" },
  ],
  ["+CMS ERROR: 314", { kind: "cms", number: 314, text: "314" }],
  ["+CMS ERROR: (U)SIM busy", { kind: "cms", number: 314, text: "(U)SIM busy" }],
];
const ok: readonly [string, FinalResult] = ["OK", { kind: "ok" }];
const numericFinals: readonly (readonly [string, FinalResult])[] = [
  ["0", { kind: "ok" }],
  ["4", { kind: "error", text: "4" }],
];

type UrcMaker = (dice: Dice) => readonly string[];

/** What modems say unasked: Quectel, SIMCom, Fibocom/MediaTek, Huawei, Sierra, Telit manuals and ModemManager's plugins. */
const urcMakers: readonly UrcMaker[] = [
  () => ["RDY"],
  () => ["RING"],
  () => ["+CFUN: 1"],
  (dice) => [`+CPIN: ${dice.pick(["READY", "SIM PIN", "NOT READY", "NOT INSERTED"])}`],
  (dice) => [`+QUSIM: ${dice.below(2)}`],
  (dice) => [`+QIND: ${dice.pick(["PB DONE", "SMS DONE", '"csq",20,99', '"act","LTE"'])}`],
  (dice) => [`+QSIMSTAT : 1,${dice.below(2)}`],
  (dice) => [`+${dice.pick(["CEREG", "CGREG", "CREG", "C5GREG"])}: ${dice.below(6)}`],
  (dice) => [
    `+${dice.pick(["CEREG", "CGREG", "CREG", "C5GREG"])}: ${dice.below(6)},"${dice.hex(2)}","${dice.hex(4)}",7`,
  ],
  () => ['+CTZV: +08,0,"2026/11/24,03:40:00"'],
  () => ['+CTZE: "+08",0,"2026/11/24,03:40:00"'],
  (dice) => [`+CGEV: ${dice.pick(["EPS PDN ACT 1", "ME PDN DEACT 1", "NW DETACH"])}`],
  (dice) => [`+CSCON: ${dice.below(2)}`],
  (dice) => [`+CMTI: "SM",${dice.below(30)}`],
  (dice) => [`+CMT: ,${20 + dice.below(9)}`, `07911326${dice.hex(18)}`],
  (dice) => [`+CDS: ${20 + dice.below(9)}`, `0791${dice.hex(20)}`],
  () => ['+CUSD: 0,"balance",15'],
  (dice) => [`+CIEV: "service",${dice.below(2)}`],
  (dice) => [`+ESIMS: 0,${dice.below(20)}`],
  () => ["+CIREPI: 1"],
  () => ['+EONSNWNAME: "310260","T","T",0'],
  () => ["+CNEMIU: 1"],
  () => ["+EDSBP: 0,0"],
  () => ["^SIMST: 1"],
  () => ['^HCSQ: "LTE",45,40,111,20'],
  () => ['+QESIM: "download",0'],
  () => ['+QESIM: "request",1,0,0,40,"{}"'],
  () => ["POWERED DOWN"],
  () => ["PB DONE"],
  () => ["SMS DONE"],
  () => ["SMS READY"],
  () => ["Call Ready"],
  () => ["+PBREADY"],
  () => ["*ATREADY: 1"],
  () => ["+SIM READY"],
  () => ["+STIN: 25"],
  () => ["+KSUP: 0"],
  () => ["#QSS: 1"],
  () => ["+UUSTS: 0,1"],
  () => ["$QCRMCALL: 1,V4"],
  () => ["%CNTI: LTE"],
];

const answerFields: readonly ((dice: Dice) => string)[] = [
  () => "1",
  () => "0",
  (dice) => `${dice.below(3)},${dice.below(6)}`,
  (dice) => `${dice.below(3)},${dice.below(6)},"${dice.hex(2)}","${dice.hex(4)}",7`,
  (dice) => `"eid","${dice.digits(32)}"`,
  (dice) => `"eid",0,"${dice.digits(32)}"`,
  (dice) => dice.digits(32),
  (dice) => `8988${dice.digits(15)}`,
  () => '"list",0x0',
  (dice) =>
    `"${dice.pick(["enable", "disable", "delete", "nickname", "download", "list"])}",${dice.pick(["0", "0x0", "85000102"])}`,
  () => '"lpa_enable",1',
  () => '"profile_brief",2',
  (dice) => `"profile_detail",1,"8988${dice.digits(15)}",1,"n","p"`,
  () => '("eid"),("list"),("trans"),("ota"),("lpa_enable")',
  () => '0,0,"Operator",7',
  (dice) => apdu(dice.hex(dice.below(120))),
  () => '"smdp.example.com"',
  () => "(0-2)",
];

const bareAnswers: readonly ((dice: Dice) => string)[] = [
  () => "Quectel",
  () => "EG25",
  () => "EG25GGBR07A08M2G",
  (dice) => dice.digits(15),
  () => "1",
  (dice) => dice.hex(8).toLowerCase(),
  (dice) => `"8988${dice.digits(15)}",1,"nick","provider","name",2`,
  (dice) => `8988${dice.digits(15)},0,,,,`,
  (dice) => `+CCHO: ${dice.below(4)}`,
  (dice) => `+CCHO: ${dice.hex(8)}`,
  () => '+QESIM: "list",0',
  (dice) => `+QUIMSLOT: ${1 + dice.below(2)}`,
  (dice) => `+QUSIMSLOT: ${1 + dice.below(2)}`,
  (dice) => `+ICCID: 8988${dice.digits(15)}F`,
  (dice) => `+CCID: 8988${dice.digits(15)}`,
];

function apdu(hex: string): string {
  return `${hex.length + 4},"${hex}9000"`;
}

/** Whether the pattern takes this line, by the rule that its documentation gives. */
function takes(pattern: AnswerPattern, line: string): boolean {
  if (pattern.kind === "none") return false;
  if (pattern.kind === "free") return !/^[+*^#%$]/.test(line) || (pattern.own?.test(line) ?? false);
  const fields = afterPrefix(line, pattern.prefix);
  return fields !== undefined && (pattern.accepts?.(fields) ?? true);
}

function answerLines(command: CorpusCommand, dice: Dice): readonly string[] {
  const { answer } = command;
  if (answer.kind === "none") return [];
  const count = dice.chance(0.8) ? 1 : dice.below(5);
  const lines: string[] = [];
  for (let tries = 0; lines.length < count && tries < 60; tries++) {
    const line =
      answer.kind === "free"
        ? dice.pick(bareAnswers)(dice)
        : `${answer.prefix}${dice.pick(separators)}${dice.pick(answerFields)(dice)}`;
    if (takes(answer, line) && !command.text.endsWith(line)) lines.push(line);
  }
  return lines;
}

/** URCs in places: before the echo, behind it, between the lines, before the final result. */
class Mixture {
  readonly parts: string[] = [];
  readonly urcs: string[] = [];
  readonly accepted: string[] = [];
  lineCount = 0;
  readonly #dice: Dice;
  readonly #command: CorpusCommand;
  readonly #answer: readonly string[];

  constructor(dice: Dice, command: CorpusCommand, answer: readonly string[]) {
    this.#dice = dice;
    this.#command = command;
    this.#answer = answer;
  }

  line(text: string): void {
    const dice = this.#dice;
    this.parts.push(dice.chance(0.85) ? "\r\n" : dice.pick(["", "\r", "\n"]), text, dice.pick(ends));
    this.lineCount++;
  }

  answer(text: string): void {
    this.accepted.push(text);
    this.line(text);
  }

  #takesLikeAnAnswer(line: string): boolean {
    const { answer } = this.#command;
    return answer.kind === "free" ? (answer.own?.test(line) ?? false) : takes(answer, line);
  }

  unasked(probability: number): void {
    const dice = this.#dice;
    const answer = this.#answer;
    while (dice.chance(probability)) {
      const urc = dice.pick(urcMakers)(dice);
      const [head = ""] = urc;
      if (this.#takesLikeAnAnswer(head)) {
        // The pattern takes it: only where what is made of the answer stays the same is there a way to tell.
        const { read } = this.#command;
        if (read === undefined) continue;
        const reading = (lines: readonly string[]): string => JSON.stringify(read(lines));
        const truth = reading(answer);
        if (reading([head, ...answer]) !== truth || reading([...answer, head]) !== truth) continue;
        this.accepted.push(head);
      } else this.urcs.push(...urc);
      for (const line of urc) this.line(line);
    }
  }
}

/** One whole answer to `command`. */
export function makeSaying(command: CorpusCommand, dice: Dice): Saying {
  const known = knownAnswer(command, dice);
  const answer = known?.lines ?? answerLines(command, dice);
  const mix = new Mixture(dice, command, answer);
  const urcRate = dice.chance(0.5) ? 0 : dice.pick([0.1, 0.3, 0.6]);
  mix.unasked(urcRate);
  echo(command, dice, mix);
  mix.unasked(urcRate);
  for (const line of answer) {
    mix.answer(line);
    mix.unasked(urcRate);
  }
  const numeric = command.numericResults === true && dice.chance(0.3);
  const [text, result] =
    known !== undefined ? ok : numeric ? dice.pick(numericFinals) : dice.chance(0.75) ? ok : dice.pick(finals);
  mix.line(text);
  const { urcs, accepted, lineCount } = mix;
  return {
    wire: withNuls(mix.parts.join(""), dice),
    lineCount,
    answer,
    accepted,
    result,
    urcs,
    reading: readingOf(known),
  };
}

/** Half of the answers to what is read are written by the table. */
function knownAnswer({ known = [], text }: CorpusCommand, dice: Dice): KnownAnswer | undefined {
  if (known.length === 0 || dice.chance(0.5)) return undefined;
  const answer = dice.pick(known)(dice);
  return answer.lines.some((line) => text.endsWith(line)) ? undefined : answer;
}

function readingOf(known: KnownAnswer | undefined): Reading | undefined {
  return known && { value: known.value, codes: known.codes ?? [] };
}

/** A whole echo, its end, or one that a URC cut in two; or none. */
function echo(command: CorpusCommand, dice: Dice, mix: Mixture): void {
  const { text } = command;
  if (dice.chance(0.4)) return;
  mix.lineCount++;
  const cut = 4 + dice.below(Math.max(1, text.length - 8));
  if (text.length < 9 || dice.chance(0.6)) mix.parts.push(text, dice.pick(["\r", "\r", "\r\n"]));
  else if (dice.chance(0.5)) mix.parts.push(text.slice(cut), "\r");
  else {
    mix.parts.push(text.slice(0, cut), "\r\n");
    mix.urcs.push("RING");
    mix.line("RING");
    mix.parts.push(text.slice(cut), "\r");
    mix.lineCount++;
  }
}

function withNuls(wire: string, dice: Dice): string {
  if (dice.chance(0.9)) return wire;
  const at = dice.below(wire.length + 1);
  return `${wire.slice(0, at)}\0${wire.slice(at)}`;
}

/** Cut into reads as a driver may hand them over: all at once, byte by byte, or anyhow. */
export function cutIntoReads(wire: string, dice: Dice): readonly Buffer[] {
  const bytes = Buffer.from(wire, "latin1");
  if (dice.chance(0.4)) return [bytes];
  const longest = dice.chance(0.1) ? 1 : 2 + dice.below(64);
  const reads: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = 1 + dice.below(longest);
    reads.push(bytes.subarray(at, at + length));
    at += length;
  }
  return reads;
}
