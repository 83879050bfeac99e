import { EsimdError } from "../base/errors.js";
import { quote } from "../base/identifiers.js";
import { createLog, createRedactor, type Log, logLevels } from "../base/logging.js";
import { readScenario } from "../emulator/api/behaviours.js";
import { fakeApiDefaults, startFakeApi } from "../emulator/api/fake-api.js";
import type { Command, CommandContext, ParsedArgs } from "./command.js";
import { commonFlags } from "./common-flags.js";

/** `esimd fake-api`: both vendors' API on loopback until SIGTERM, for people and for other programs' tests. */
export const fakeApiCommand: Command = {
  name: "fake-api",
  summary: "serve an emulated ESimProfiles API on loopback",
  positionals: "",
  flags: {
    listen: {
      type: "string",
      value: "HOST:PORT",
      help: "A loopback address; 127.0.0.1:0 (default) takes a free port.",
    },
    smdp: {
      type: "string",
      value: "HOST:PORT",
      help: "Order profiles by ES2+ at this SM-DP+ (see `esimd fake-smdp`).",
    },
    scenario: { type: "string", value: "FILE", help: "Behaviours that come before the emulator's own, as JSON." },
    fleet: { type: "string", value: "NAME", help: "A Fleet that the account has (default: default).", multiple: true },
    ...commonFlags("log-level"),
  },
  run: async (context, args) => {
    const listen = parseHostAndPort(args.text("listen") ?? "127.0.0.1:0", "listen");
    const smdp = args.text("smdp");
    const scenario = args.text("scenario");
    const fleets = args.texts("fleet");
    const key = nonEmpty(context.env["ESIMD_API_KEY"]);
    const secret = nonEmpty(context.env["ESIMD_API_SECRET"]);
    const api = await startFakeApi({
      listen,
      clock: context.clock,
      random: context.random,
      log: openEmulatorLog(context, args, secret),
      key,
      secret,
      smdp: smdp === undefined ? undefined : { host: formatHostAndPort(parseHostAndPort(smdp, "smdp")) },
      behaviours: scenario === undefined ? [] : await readScenario(scenario),
      fleets: fleets.length === 0 ? undefined : fleets,
    });
    try {
      const { url: apiUrl, tokenUrl, accountSid } = api;
      // What the caller gave is not repeated; the emulator's own key and secret are no secrets.
      const env = {
        ESIMD_API_URL: apiUrl,
        ESIMD_TOKEN_URL: tokenUrl,
        ...(key === undefined ? { ESIMD_API_KEY: fakeApiDefaults.key } : {}),
        ...(secret === undefined ? { ESIMD_API_SECRET: fakeApiDefaults.secret } : {}),
      };
      context.stdout(`${JSON.stringify({ apiUrl, tokenUrl, accountSid, env })}\n`);
      await untilAborted(context.signal);
    } finally {
      await api.close();
    }
    return 0;
  },
};

interface HostAndPort {
  readonly host: string;
  readonly port: number;
}

function parseHostAndPort(text: string, flag: string): HostAndPort {
  const match = /^(\[[0-9A-Fa-f:]+\]|[A-Za-z0-9.-]+):(\d{1,5})$/.exec(text);
  const port = Number(match?.[2]);
  if (match?.[1] === undefined || port > 65_535) {
    throw new EsimdError("usage", `fake-api: --${flag} ${quote(text)} is not HOST:PORT`, {
      hint: "Write it as 127.0.0.1:8080.",
    });
  }
  return { host: match[1], port };
}

function formatHostAndPort({ host, port }: HostAndPort): string {
  return `${host}:${port}`;
}

function openEmulatorLog(context: CommandContext, args: ParsedArgs, secret: string | undefined): Log {
  const wanted = args.text("log-level") ?? "warn";
  const level = logLevels.find((one) => one === wanted);
  if (level === undefined) {
    throw new EsimdError("usage", `fake-api: --log-level ${quote(wanted)} is none of ${logLevels.join(", ")}`);
  }
  const redactor = createRedactor();
  if (secret !== undefined) redactor.addSecret(secret);
  return createLog({ level, write: context.stderr, redactor, journald: false });
}

function nonEmpty(value: string | undefined): string | undefined {
  return value === "" ? undefined : value;
}

function untilAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}
