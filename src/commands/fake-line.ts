import { fstatSync } from "node:fs";
import { EsimdError } from "../base/errors.js";
import { quote } from "../base/identifiers.js";
import { createLog, createRedactor, logLevels } from "../base/logging.js";
import { type FakeLine, startFakeLine } from "../emulator/line/fake-line.js";
import { fakeDialectNames } from "../emulator/modem/dialects/index.js";
import { type ListenAddress, parseListenAddress } from "../emulator/modem/transport/socket.js";
import type { Command, CommandContext, ParsedArgs } from "./command.js";
import { commonFlags } from "./common-flags.js";

/** `esimd fake-line`: a factory line on emulators, with an operator who feeds a station, until stopped. */
export const fakeLineCommand: Command = {
  name: "fake-line",
  summary: "an emulated factory line: units, slots, the provider, and an operator",
  positionals: "",
  flags: {
    dir: { type: "string", value: "DIR", help: "Sockets, certificates, configuration and results are put here." },
    slots: { type: "string", value: "N", help: "Slots, 1 to 64; 8 when left out." },
    units: { type: "string", value: "N", help: "Units that get their turn; 100 when left out." },
    seed: { type: "string", value: "S", help: "The same seed makes the same units and faults; 1 when left out." },
    "fault-percent": { type: "string", value: "N", help: "So many units of a hundred have a fault; 5 when left out." },
    executive: {
      type: "string",
      value: "ADDRESS",
      help: "Where the station hears its test executive: unix:/PATH or HOST:PORT. Without it nobody works the line.",
    },
    operator: {
      type: "string",
      value: "auto|manual",
      help: "Whether units are scanned by the line, or by a person at the station.",
    },
    "think-ms": { type: "string", value: "N", help: "From a verdict until the unit is taken out; 0 when left out." },
    drain: { type: "boolean", help: "Tell the station to drain once all units had their turn." },
    dialect: {
      type: "string",
      value: "NAME",
      help: `The modems': ${fakeDialectNames.join(", ")}; etsi-apdu when left out.`,
    },
    pace: { type: "string", value: "BAUD", help: "Modems send and take bytes at the speed of such a serial line." },
    "delay-ms": { type: "string", value: "N", help: "Modems wait so long before every answer." },
    "profile-bytes": { type: "string", value: "N", help: "The size of the profiles; 12000 when left out." },
    "download-sessions": {
      type: "string",
      value: "N",
      help: "Sessions after which the SM-DP+ gives an order up; 3 when left out.",
    },
    ...commonFlags("log-level"),
  },
  run: async (context, args) => {
    const line = await startLine(context, args);
    const stop = stopOf(context);
    let failure: unknown;
    try {
      context.stdout(`${JSON.stringify(line.ready)}\n`);
      // An operator who is done leaves the provider to the station, which may still have to deliver.
      await Promise.race([stop, line.finished.then(() => stop)]);
    } catch (error) {
      failure = error;
    }
    context.stdout(`${JSON.stringify(await line.close())}\n`);
    if (failure !== undefined) throw failure;
    return 0;
  },
};

function startLine(context: CommandContext, args: ParsedArgs): Promise<FakeLine> {
  const { clock, random, stderr } = context;
  const dir = args.text("dir");
  if (dir === undefined) throw new EsimdError("usage", "fake-line: --dir is missing", { hint: "Give --dir DIR." });
  const executive = args.text("executive");
  return startFakeLine({
    dir,
    clock,
    random,
    log: createLog({ level: levelOf(args), write: stderr, redactor: createRedactor(), journald: false }),
    slots: numberOf(args, "slots", 1, 64) ?? 8,
    units: numberOf(args, "units", 1, 100_000) ?? 100,
    seed: numberOf(args, "seed", 0, 9_999_999) ?? 1,
    faultPercent: numberOf(args, "fault-percent", 0, 100) ?? 5,
    executive: executive === undefined ? undefined : addressOf(executive),
    operator: operatorOf(args),
    thinkMs: numberOf(args, "think-ms", 0, 3_600_000),
    drains: args.has("drain"),
    dialect: args.text("dialect"),
    paceBaud: numberOf(args, "pace", 50, 12_000_000),
    delayMs: numberOf(args, "delay-ms", 0, 3_600_000),
    profileSizeBytes: numberOf(args, "profile-bytes", 256, 2_000_000),
    downloadSessions: numberOf(args, "download-sessions", 1, 1000),
  });
}

/** SIGTERM, or the end of a stdin that somebody holds: a station that was killed leaves no line behind. */
function stopOf(context: CommandContext): Promise<void> {
  const { signal, stdin } = context;
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
    if (!isHeld(stdin)) return;
    stdin.on("end", () => resolve());
    stdin.on("close", () => resolve());
    stdin.on("error", () => resolve());
    stdin.resume();
  });
}

/** A terminal, a file and /dev/null are nobody's hand; a pipe or a socket is its maker's. */
function isHeld(stdin: NodeJS.ReadableStream): boolean {
  if (!("fd" in stdin) || typeof stdin.fd !== "number") return true;
  const kind = fstatSync(stdin.fd);
  return kind.isFIFO() || kind.isSocket();
}

function operatorOf(args: ParsedArgs): "auto" | "manual" {
  const mode = args.text("operator") ?? "auto";
  if (mode === "auto" || mode === "manual") return mode;
  throw new EsimdError("usage", `fake-line: --operator ${quote(mode)} is neither auto nor manual`);
}

function addressOf(text: string): ListenAddress {
  try {
    return parseListenAddress(text);
  } catch (cause) {
    throw new EsimdError("usage", `fake-line: --executive ${quote(text)} is neither unix:/PATH nor HOST:PORT`, {
      cause,
    });
  }
}

function numberOf(args: ParsedArgs, flag: string, min: number, max: number): number | undefined {
  const text = args.text(flag);
  if (text === undefined) return undefined;
  const value = Number(text);
  if (/^\d{1,9}$/.test(text) && value >= min && value <= max) return value;
  throw new EsimdError("usage", `fake-line: --${flag} ${quote(text)} is not a whole number from ${min} to ${max}`);
}

function levelOf(args: ParsedArgs): (typeof logLevels)[number] {
  const wanted = args.text("log-level") ?? "warn";
  const level = logLevels.find((one) => one === wanted);
  if (level !== undefined) return level;
  throw new EsimdError("usage", `fake-line: --log-level ${quote(wanted)} is none of ${logLevels.join(", ")}`);
}
