import v8 from "node:v8";
import vm from "node:vm";
import { expect, it } from "vitest";
import { AtChannel, type AtReply } from "../../src/at/channel.js";
import { VirtualClock } from "../../src/base/clock.js";
import { EsimdError, isEsimdError } from "../../src/base/errors.js";
import { silentLog } from "../../src/base/logging.js";
import { seededRandom } from "../../src/base/random.js";
import { dialects } from "../../src/modem/dialects/index.js";
import { Dice, filled, makeSaying, type Saying } from "./corpus.js";
import { type CorpusCommand, corpusCommands } from "./corpus-commands.js";
import { CorpusModem } from "./corpus-modem.js";

/**
 * A million lines of generated AT traffic. Each simulated exchange knows its true answer: the channel's reply equals it, or the exchange
 * fails with an error; after every failure the channel is in step again. `ESIMD_SEED` repeats a run, `ESIMD_LINES` changes its length.
 */
const seed = Number(process.env["ESIMD_SEED"] ?? Date.now() % 1_000_000_000);
const wantedLines = Number(process.env["ESIMD_LINES"] ?? 1_000_000);
const faultRate = 0.03;
/** As long as the longest wait for a modem that does not answer, and more. */
const hangMs = 15 * 60_000;

type Fate = "late" | "lost" | "deaf" | "cancelled" | "prompt" | "endless" | "too-many";
const fates: readonly Fate[] = [
  ...Array<Fate>(8).fill("late"),
  ...Array<Fate>(4).fill("lost"),
  ...Array<Fate>(4).fill("deaf"),
  ...Array<Fate>(6).fill("cancelled"),
  ...Array<Fate>(4).fill("prompt"),
  "endless",
  "too-many",
];

class Corpus {
  readonly clock = new VirtualClock();
  readonly dice = new Dice(seededRandom(seed));
  readonly modem = new CorpusModem(this.clock, this.dice);
  readonly channel = new AtChannel(this.modem, this.clock, silentLog);
  readonly urcs: string[] = [];
  readonly counts = new Map<string, number>();
  readonly #commands: readonly CorpusCommand[];
  #exchange = 0;
  /** What went wrong last, and when: where a misreading comes from. */
  #lastFault = "none";

  constructor(commands: readonly CorpusCommand[]) {
    this.#commands = commands;
    this.channel.onUrc((line) => this.urcs.push(line));
  }

  async run(untilLines: number): Promise<void> {
    while (this.modem.lineCount < untilLines) {
      const command = filled(this.dice.pick(this.#commands), this.dice);
      if (this.dice.chance(faultRate)) await this.#spoilt(command, this.dice.pick(fates));
      else await this.#good(command);
    }
  }

  /** The modem answers in time: the reply is the truth, and every URC is handed on. */
  async #good(command: CorpusCommand): Promise<void> {
    const saying = this.#saying(command);
    this.modem.next({
      text: command.text,
      wire: saying.wire,
      delayMs: this.dice.chance(0.05) ? 1 + this.dice.below(90) : 0,
    });
    this.urcs.length = 0;
    const outcome = await this.#outcome(command);
    if (outcome instanceof Error) this.#wrong(command, saying, `failed: ${outcome.message}`);
    else {
      this.#check(command, saying, outcome);
      if (!same(this.urcs, saying.urcs)) this.#wrong(command, saying, `URCs were ${JSON.stringify(this.urcs)}`);
    }
    this.#count("answered");
  }

  async #spoilt(command: CorpusCommand, fate: Fate): Promise<void> {
    this.#count(fate);
    this.#lastFault = `${fate} at ${this.#exchange + 1} to ${command.text}`;
    const { dice, modem } = this;
    const saying = this.#saying(command);
    const { timeoutMs } = command;
    const stop = new AbortController();
    const overMs = timeoutMs + 1 + dice.below(dice.chance(0.5) ? 500 : 30_000);
    const deed = { text: command.text, wire: saying.wire, delayMs: 0 };
    switch (fate) {
      case "late":
        modem.next({ ...deed, delayMs: overMs });
        break;
      case "lost":
        modem.next({ ...deed, wire: undefined });
        break;
      case "deaf":
        modem.next({ ...deed, wire: dice.chance(0.5) ? undefined : saying.wire, delayMs: overMs, deafMeanwhile: true });
        break;
      case "cancelled":
        modem.next({ ...deed, delayMs: 20 + dice.below(timeoutMs) });
        this.clock.setTimer(dice.below(20), () => stop.abort(new EsimdError("cancelled", "stopped")));
        break;
      case "prompt":
        modem.next({ ...deed, wire: "\r\n> " });
        break;
      case "endless":
        modem.next({ ...deed, wire: `\r\n+QESIM: ${"0".repeat(70_000)}\r\n${saying.wire}` });
        break;
      case "too-many":
        modem.next({ ...deed, wire: `${manyLines(command)}${saying.wire}` });
        break;
    }
    // A modem that wakes up is slow at first.
    modem.settingMs = dice.chance(0.3) ? 1 + dice.below(2_500) : 0;
    const outcome = await this.#outcome(command, stop.signal);
    if (!(outcome instanceof Error)) this.#judgeReply(command, saying, fate, outcome);
    else if (!isEsimdError(outcome)) this.#wrong(command, saying, `threw ${String(outcome)}`);
    if (dice.chance(0.5)) await this.clock.advance(dice.below(40_000));
    await this.#inStepAgain();
    modem.settingMs = 0;
  }

  #judgeReply(command: CorpusCommand, saying: Saying, fate: Fate, reply: AtReply): void {
    if (fate === "prompt" && reply.result.kind === "prompt" && reply.lines.length === 0) return;
    if (fate === "too-many" && command.answer.kind === "none") return;
    if (fate === "late" || fate === "lost" || fate === "deaf" || fate === "prompt")
      this.#wrong(command, saying, `${fate}, and the reply is ${JSON.stringify(reply)}`);
    this.#check(command, saying, reply);
  }

  /** It may take until the modem has worked off what it was sent; then the very next answer is right. */
  async #inStepAgain(): Promise<void> {
    for (let attempt = 1; attempt <= 12; attempt++) {
      const command = filled(this.dice.pick(this.#commands), this.dice);
      // What the channel asks by itself meanwhile would be given this answer, which is meant for the command.
      if (ownQuestion.test(command.text)) continue;
      const saying = this.#saying(command);
      this.modem.next({ text: command.text, wire: saying.wire, delayMs: 0 });
      const outcome = await this.#outcome(command);
      if (!(outcome instanceof Error)) {
        this.#check(command, saying, outcome);
        // Nothing of what went wrong is still to come.
        if (!this.modem.idle) await this.clock.advance(this.clock.nextDueMs() ?? 0);
        return;
      }
      if (!isEsimdError(outcome, "modem_silent")) this.#wrong(command, saying, `failed: ${outcome.message}`);
      this.#count("still silent");
    }
    throw new Error(
      `seed ${seed}: the channel did not come into step again after ${this.#lastFault}, settings take ${this.modem.settingMs} ms`,
    );
  }

  async #outcome(command: CorpusCommand, signal?: AbortSignal): Promise<AtReply | Error> {
    this.#exchange++;
    const startMs = this.clock.monotonicMs();
    const running = this.channel.execute(command, signal);
    const outcome = await this.clock.runUntil(running).catch((error: unknown) => error);
    if (this.clock.monotonicMs() - startMs > hangMs) throw new Error(`seed ${seed}: ${command.text} hung`);
    return isReply(outcome) || outcome instanceof Error ? outcome : new Error(String(outcome));
  }

  #saying(command: CorpusCommand): Saying {
    const saying = makeSaying(command, this.dice);
    this.modem.lineCount += saying.lineCount;
    return saying;
  }

  #check(command: CorpusCommand, saying: Saying, reply: AtReply): void {
    const rightLines = same(reply.lines, saying.accepted);
    const rightResult = JSON.stringify(reply.result) === JSON.stringify(saying.result);
    const { read } = command;
    // What an answer means is known beforehand; of others, what is made of them is the same with URCs of their prefix among the lines.
    const truth = saying.reading ?? read?.(saying.answer);
    const rightValue = read === undefined || JSON.stringify(read(reply.lines)) === JSON.stringify(truth);
    if (rightLines && rightResult && rightValue) return;
    this.#wrong(command, saying, `the reply is ${JSON.stringify(reply)}`);
  }

  #wrong(command: CorpusCommand, saying: Saying, what: string): never {
    const said = JSON.stringify(saying);
    throw new Error(
      `seed ${seed}, exchange ${this.#exchange} (last fault: ${this.#lastFault}), ${command.text} (${command.answer.kind}): ${what}; ${said}`,
    );
  }

  #count(what: string): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1);
  }
}

/** What the search for step asks (src/at/step.ts). */
const ownQuestion = /^AT\+(CMEE|CSCS|IPR|IFC|CMGF|CGEREP)\?$/;

/** More lines than any answer has, of the kind that this command takes. */
function manyLines(command: CorpusCommand): string {
  const { answer } = command;
  const line = answer.kind === "prefix" ? `${answer.prefix}: 0,1` : "line";
  return `\r\n${line}\r\n`.repeat(1_100);
}

function isReply(value: unknown): value is AtReply {
  return typeof value === "object" && value !== null && "lines" in value && "result" in value;
}

function same(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && left.every((line, at) => line === right[at]);
}

function collectGarbage(): void {
  v8.setFlagsFromString("--expose-gc");
  const gc: unknown = vm.runInNewContext("gc");
  if (typeof gc === "function") gc();
}

it("covers the commands of every dialect", async () => {
  const texts = (await corpusCommands()).map(({ text }) => text);
  for (const { eid, ownLpa, recognise } of dialects) {
    if (eid !== undefined) expect(texts).toContain(eid.send);
    if (ownLpa !== undefined) expect(texts).toContain(ownLpa.enable.send);
    if (recognise?.ask !== undefined) expect(texts).toContain(recognise.ask.send);
  }
  const everywhere = ["AT", "AT+CGSN", "AT+CEREG?", "AT+COPS?", "AT+CPIN?", "AT+CRSM=176,12258,0,0,10", "AT+CGDCONT?"];
  const more = ["AT+CSQ", "AT+CESQ", "AT+CCLK?", "AT+IPR?", "AT+IPR=?", "AT+IPR=921600", "AT+CFUN=0", "AT+CFUN=1,1"];
  expect(texts).toEqual(expect.arrayContaining([...everywhere, ...more]));
  expect(texts.filter((text) => /^AT\+(CCHO|CGLA|CSIM|CCHC)=/.test(text)).length).toBeGreaterThan(3);
});

it("knows what must be read, for every command whose answer is read", async () => {
  const unknown = (await corpusCommands()).filter(({ read, known }) => read !== undefined && known?.length === 0);
  expect(unknown.map(({ text }) => text)).toEqual([]);
});

it("catches a reader that always misreads", async () => {
  const commands = await corpusCommands();
  for (const command of commands.filter(({ read }) => read !== undefined)) {
    const misread = { ...command, read: () => ({ value: "something else", codes: [] }) };
    await expect(new Corpus([misread]).run(2_000), command.text).rejects.toThrow(`seed ${seed}`);
  }
});

it(`reads a million generated lines right, or says that it could not (ESIMD_SEED=${seed})`, {
  timeout: 300_000,
}, async () => {
  const corpus = new Corpus(await corpusCommands());
  const startMs = performance.now();
  await corpus.run(wantedLines * 0.1);
  collectGarbage();
  const heapBefore = process.memoryUsage().heapUsed;
  await corpus.run(wantedLines);
  collectGarbage();
  const grownBytes = process.memoryUsage().heapUsed - heapBefore;
  const seconds = (performance.now() - startMs) / 1_000;
  const { lineCount } = corpus.modem;
  const counts = [...corpus.counts].map(([what, count]) => `${count} ${what}`).join(", ");
  process.stdout.write(
    `corpus: seed ${seed}, ${lineCount} lines in ${seconds.toFixed(1)} s (${Math.round(lineCount / seconds)}/s), ` +
      `heap ${(grownBytes / 1024).toFixed(0)} kB more; ${counts}\n`,
  );
  expect(grownBytes).toBeLessThan(4 * 1024 * 1024);
  expect(corpus.counts.get("answered")).toBeGreaterThan(wantedLines / 20);
});
