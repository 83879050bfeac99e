import { EsimdError } from "../base/errors.js";
import { parseEid } from "../base/identifiers.js";
import { createLog, createRedactor } from "../base/logging.js";
import { readScenario } from "../emulator/api/behaviours.js";
import { fakeDialectNames } from "../emulator/modem/dialects/index.js";
import { loadScenario } from "../emulator/modem/scenario.js";
import { startFakeWorld } from "../emulator/world.js";
import type { Command } from "./command.js";

/** `esimd fake-world`: modem, SM-DP+ and API wired together until stopped, so that every other command can be tried by hand. */
export const fakeWorldCommand: Command = {
  name: "fake-world",
  summary: "an emulated modem, SM-DP+ and API wired together, until stopped",
  positionals: "",
  flags: {
    dir: { type: "string", value: "DIR", help: "Certificates, a configuration and the modem's link are put here." },
    dialect: { type: "string", value: "NAME", help: `${fakeDialectNames.join(" or ")}; the first when left out.` },
    eid: { type: "string", value: "EID", help: "The EID of the eUICC." },
    bootstrap: { type: "boolean", help: "The eUICC has an enabled bootstrap profile from the start." },
    scenario: { type: "string", value: "FILE", help: "The modem's scenario: a file or a built-in name." },
    "api-scenario": { type: "string", value: "FILE", help: "The API's scenario." },
  },
  run: async (context, args) => {
    const dir = args.text("dir");
    if (dir === undefined) throw new EsimdError("usage", "fake-world: --dir is missing", { hint: "Give --dir DIR." });
    const eid = args.text("eid");
    const scenario = args.text("scenario");
    const apiScenario = args.text("api-scenario");
    const { clock, random, signal, stdout, stderr } = context;
    const world = await startFakeWorld({
      dir,
      clock,
      random,
      log: createLog({ level: "warn", write: stderr, redactor: createRedactor(), journald: false }),
      dialect: args.text("dialect"),
      eid: eid === undefined ? undefined : parseEid(eid, "--eid"),
      bootstrap: args.has("bootstrap") ? true : undefined,
      modemScenario: scenario === undefined ? undefined : await loadScenario(scenario),
      apiBehaviours: apiScenario === undefined ? undefined : await readScenario(apiScenario),
    });
    try {
      const { port, apiUrl, tokenUrl, smdpAddress, ciRoots, env } = world;
      stdout(`${JSON.stringify({ port, apiUrl, tokenUrl, smdp: smdpAddress, ciRoots, env })}\n`);
      await new Promise<void>((resolve) => {
        if (signal.aborted) resolve();
        else signal.addEventListener("abort", () => resolve(), { once: true });
      });
    } finally {
      await world.close();
    }
    return 0;
  },
};
