import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EsimdError } from "../base/errors.js";
import { parseEid, quote } from "../base/identifiers.js";
import { createLog, createRedactor, type Log, type LogLevel, logLevels } from "../base/logging.js";
import { createPki, loadPki } from "../emulator/pki/pki.js";
import { startFakeSmdp } from "../emulator/smdp/fake-smdp.js";
import { loadScenario } from "../emulator/smdp/scenario.js";
import type { Command, CommandContext } from "./command.js";
import { commonFlags } from "./common-flags.js";

/** `esimd fake-smdp`: the emulated SM-DP+ on a port of its own, until it is stopped. */
export const fakeSmdpCommand: Command = {
  name: "fake-smdp",
  summary: "run an emulated SM-DP+: ES9+ over HTTPS, ES2+ over HTTP, on one port",
  positionals: "",
  flags: {
    listen: { type: "string", value: "HOST:PORT", help: "where to listen; port 0 takes a free one" },
    pki: { type: "string", value: "DIR", help: "certificates and keys; what is missing is made under ci.pem" },
    profile: { type: "string", value: "FILE", help: "an unprotected profile package (DER) to serve" },
    "profile-size": { type: "string", value: "BYTES", help: "size of the generated profiles (12000)" },
    scenario: { type: "string", value: "FILE", help: "behaviours other than good ones: a file or a built-in name" },
    order: { type: "string", value: "EID", help: "a profile that waits for this EID from the start", multiple: true },
    ...commonFlags("log-level"),
  },
  run: async (context, args) => {
    const listen = parseListen(args.text("listen") ?? "127.0.0.1:0");
    const eids = args.texts("order").map((text) => parseEid(text, "--order"));
    const scenarioName = args.text("scenario");
    const pkiDir = args.text("pki");
    const tlsNames = listen.host === "0.0.0.0" ? [] : [listen.host];
    const pki = pkiDir === undefined ? createPki({ tlsNames }) : loadPki(pkiDir, { tlsNames });
    // A folder with the root and nothing else: in the PKI's own, leaf certificates would pass for roots.
    const ciRoots = mkdtempSync(join(tmpdir(), "esimd-ci-roots-"));
    try {
      writeFileSync(join(ciRoots, "ci.pem"), pki.ciPem);
      const smdp = await startFakeSmdp({
        listen,
        pki,
        ...(scenarioName === undefined ? {} : { scenario: loadScenario(scenarioName) }),
        profileFile: args.text("profile"),
        profileSizeBytes: parseSize(args.text("profile-size")),
        clock: context.clock,
        random: context.random,
        log: openLog(context, args.text("log-level") ?? "warn"),
      });
      for (const eid of eids) smdp.placeOrder(eid);
      const addresses = { smdp: smdp.address, es2plusUrl: smdp.es2plusUrl, ciRoots };
      context.stdout(`${JSON.stringify(addresses)}\n`);
      await untilAborted(context.signal);
      await smdp.close();
      return 0;
    } finally {
      rmSync(ciRoots, { recursive: true, force: true });
    }
  },
};

/** HOST:PORT of a name or an IPv4 address: an SM-DP+ address has no room for IPv6 (SGP.22, 4.1). */
function parseListen(text: string): { readonly host: string; readonly port: number } {
  const [, host, portText] = /^([A-Za-z0-9.-]+):(\d{1,5})$/.exec(text) ?? [];
  const port = Number(portText);
  if (host === undefined || !(port <= 65_535)) {
    throw new EsimdError("usage", `--listen: ${quote(text)} is not HOST:PORT`, {
      hint: "Give it as 127.0.0.1:8443, with port 0 for a free one.",
    });
  }
  return { host: host.toLowerCase(), port };
}

function parseSize(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d{1,9}$/.test(text)) throw new EsimdError("usage", `--profile-size: ${quote(text)} is not a number of bytes`);
  return Number(text);
}

function openLog(context: CommandContext, level: string): Log {
  const isLevel = (text: string): text is LogLevel => logLevels.some((known) => known === text);
  if (!isLevel(level)) throw new EsimdError("usage", `--log-level: ${quote(level)} is none of ${logLevels.join(", ")}`);
  return createLog({ level, write: context.stderr, redactor: createRedactor(), journald: false });
}

function untilAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}
