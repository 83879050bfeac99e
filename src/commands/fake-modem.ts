import { EsimdError } from "../base/errors.js";
import { parseEid, quote } from "../base/identifiers.js";
import { createLog, createRedactor, type Log, logLevels } from "../base/logging.js";
import { builtInScenarios } from "../emulator/modem/built-in-scenarios.js";
import { fakeDialectNames } from "../emulator/modem/dialects/index.js";
import { readRoots } from "../emulator/modem/dialects/own-network.js";
import { type ModemWire, startFakeModem } from "../emulator/modem/fake-modem.js";
import { loadTranscript, startReplay } from "../emulator/modem/replay.js";
import { loadScenario } from "../emulator/modem/scenario.js";
import { parseListenAddress } from "../emulator/modem/transport/socket.js";
import { createPki, loadPki } from "../emulator/pki/pki.js";
import type { Command, CommandContext, ParsedArgs } from "./command.js";
import { commonFlags } from "./common-flags.js";

/** `esimd fake-modem`: a modem with an eUICC on a pseudo-terminal or a socket, until stopped. */
export const fakeModemCommand: Command = {
  name: "fake-modem",
  summary: "an emulated modem with an eSIM, on a pseudo-terminal or a socket",
  positionals: "",
  flags: {
    link: { type: "string", value: "PATH", help: "Make this symbolic link to the modem's pseudo-terminal." },
    listen: { type: "string", value: "ADDRESS", help: "Serve HOST:PORT or unix:/PATH in place of a pseudo-terminal." },
    dialect: { type: "string", value: "NAME", help: `${fakeDialectNames.join(" or ")}; the first when left out.` },
    eid: { type: "string", value: "EID", help: "The EID of the eUICC." },
    pki: {
      type: "string",
      value: "DIR",
      help: "Certificates and keys, shared with fake-smdp; what is missing is made.",
    },
    "smdp-roots": {
      type: "string",
      value: "DIR",
      help: "PEM roots for the modem's own HTTPS to the SM-DP+; the CI of --pki when left out.",
    },
    scenario: {
      type: "string",
      value: "FILE",
      help: `A scenario file, or one of ${Object.keys(builtInScenarios).join(", ")}.`,
    },
    pace: { type: "string", value: "BAUD", help: "Send and take bytes at the speed of such a serial line." },
    "delay-ms": { type: "string", value: "N", help: "Wait so long before every answer." },
    state: { type: "string", value: "FILE", help: "Keep the eUICC's memory in this file." },
    bootstrap: { type: "boolean", help: "A new eUICC has an enabled provisioning profile, and so a network." },
    replay: {
      type: "string",
      value: "FILE",
      help: "Be the modem of this transcript: answer what was recorded, and ERROR to what was not.",
    },
    "replay-timing": {
      type: "string",
      value: "PERCENT",
      help: "Take so much of the recorded time for a replayed answer: 100 as recorded, 0 (default) none.",
    },
    ...commonFlags("log-level"),
  },
  run: async (context, args) => {
    const replay = args.text("replay");
    if (replay !== undefined) return runReplay(context, args, replay);
    const eid = args.text("eid");
    const pkiDir = args.text("pki");
    const roots = args.text("smdp-roots");
    const scenario = args.text("scenario");
    const modem = await startFakeModem({
      clock: context.clock,
      random: context.random,
      log: openLog(context, args),
      wire: wireOf(args),
      dialect: args.text("dialect"),
      eid: eid === undefined ? undefined : parseEid(eid, "--eid"),
      pki: pkiDir === undefined ? createPki() : loadPki(pkiDir),
      smdpRoots: roots === undefined ? undefined : await readRoots(roots),
      scenario: scenario === undefined ? undefined : await loadScenario(scenario),
      paceBaud: numberOf(args, "pace", 50, 12_000_000),
      delayMs: numberOf(args, "delay-ms", 0, 3_600_000),
      stateFile: args.text("state"),
      bootstrap: args.has("bootstrap"),
    });
    try {
      const { port, dialect, euicc } = modem;
      context.stdout(`${JSON.stringify({ port, eid: euicc.eid, dialect })}\n`);
      await stopped(context);
      return 0;
    } finally {
      await modem.close();
    }
  },
};

/** What there is of an eUICC is in the transcript; flags that shape one have no meaning. */
const replayFlags: readonly string[] = ["link", "listen", "replay", "replay-timing", "log-level"];

async function runReplay(context: CommandContext, args: ParsedArgs, path: string): Promise<number> {
  const other = Object.keys(fakeModemCommand.flags).find(
    (flag) => !replayFlags.includes(flag) && (args.has(flag) || args.text(flag) !== undefined),
  );
  if (other !== undefined) {
    throw new EsimdError(
      "usage",
      `fake-modem: --${other} has no effect on a modem that --replay takes from a transcript`,
    );
  }
  const modem = await startReplay({
    clock: context.clock,
    wire: wireOf(args),
    transcript: await loadTranscript(path),
    timing: (numberOf(args, "replay-timing", 0, 1_000) ?? 0) / 100,
    onUnknown: (line, count) =>
      context.stderr(`fake-modem: ${quote(line)} is not in the transcript and gets ERROR (${count} so far)\n`),
  });
  try {
    const { port, recordedCommands } = modem;
    context.stdout(`${JSON.stringify({ port, replay: path, recordedCommands })}\n`);
    await stopped(context);
    return 0;
  } finally {
    await modem.close();
  }
}

function wireOf(args: ParsedArgs): ModemWire {
  const link = args.text("link");
  const listen = args.text("listen");
  if (link !== undefined && listen !== undefined) {
    throw new EsimdError(
      "usage",
      "fake-modem: --link is for a pseudo-terminal and --listen for a socket; give one of them",
    );
  }
  return listen === undefined ? { kind: "pty", link } : { kind: "socket", listen: parseListenAddress(listen) };
}

function numberOf(args: ParsedArgs, flag: string, min: number, max: number): number | undefined {
  const text = args.text(flag);
  if (text === undefined) return undefined;
  const value = Number(text);
  if (/^\d{1,9}$/.test(text) && value >= min && value <= max) return value;
  throw new EsimdError("usage", `fake-modem: --${flag} ${quote(text)} is not a whole number from ${min} to ${max}`);
}

function openLog(context: CommandContext, args: ParsedArgs): Log {
  const wanted = args.text("log-level") ?? "warn";
  const level = logLevels.find((one) => one === wanted);
  if (level === undefined) {
    throw new EsimdError("usage", `fake-modem: --log-level ${quote(wanted)} is none of ${logLevels.join(", ")}`);
  }
  return createLog({ level, write: context.stderr, redactor: createRedactor(), journald: false });
}

function stopped(context: CommandContext): Promise<void> {
  return new Promise((resolve) => {
    if (context.signal.aborted) resolve();
    else context.signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
