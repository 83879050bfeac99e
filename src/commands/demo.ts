import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isEsimdError } from "../base/errors.js";
import { silentLog } from "../base/logging.js";
import { type FakeWorld, type FakeWorldOptions, startFakeWorld } from "../emulator/world.js";
import type { Command, CommandContext, ParsedArgs } from "./command.js";
import { commonFlags, configFor, oneShotDefaults } from "./common-flags.js";
import { provisionAndShow } from "./provision.js";

/** `esimd demo`: the whole main job on emulators, in a folder that is gone afterwards. */
export const demoCommand: Command = {
  name: "demo",
  summary: "the whole main job on emulators: no hardware, no account, no root",
  positionals: "",
  flags: commonFlags(
    "dialect",
    "lpa",
    "method",
    "provider",
    "deadline",
    "log-level",
    "json",
    "quiet",
    "yes",
    "no-color",
  ),
  run: async (context, args) => {
    const dir = await mkdtemp(join(tmpdir(), "esimd-demo-"));
    try {
      const world = await startWorld(context, args, dir);
      try {
        return await runIn(world, context, args);
      } finally {
        await world.close();
      }
    } finally {
      await rm(dir, { recursive: true, force: true });
    }
  },
};

/** On a real pty where one can be had; elsewhere on a Unix socket, and it says so. */
async function startWorld(context: CommandContext, args: ParsedArgs, dir: string): Promise<FakeWorld> {
  const { clock, random } = context;
  const dialect = args.text("dialect");
  const options: FakeWorldOptions = {
    dir,
    clock,
    random,
    log: silentLog,
    dialect: dialect === "auto" ? undefined : dialect,
  };
  try {
    return await startFakeWorld(options);
  } catch (error) {
    if (!isEsimdError(error, "pty_missing")) throw error;
    context.stderr(`${error.message}; the demo's modem is on a socket instead\n`);
    const listen = { kind: "unix", path: join(dir, "modem.sock") } as const;
    return startFakeWorld({ ...options, wire: { kind: "socket", listen } });
  }
}

async function runIn(world: FakeWorld, context: CommandContext, args: ParsedArgs): Promise<number> {
  // Nothing of the caller's own esimd may leak into the demo, least of all its credentials.
  const own = Object.fromEntries(Object.entries(context.env).filter(([name]) => !name.startsWith("ESIMD_")));
  const inside: CommandContext = {
    ...context,
    env: { ...own, CREDENTIALS_DIRECTORY: undefined, STATE_DIRECTORY: undefined, ...world.env },
  };
  const { config } = configFor(inside, args, { ...oneShotDefaults, "modem.port": world.port });
  if (config.api.provider === "none") await world.reserveForEuicc(context.signal);
  return provisionAndShow(inside, args, config, () => {
    const charges = world.api.ledger();
    if (args.has("json")) context.stdout(`${JSON.stringify({ schema: "esimd.demo/1", ledger: { charges } })}\n`);
    else context.stdout(`the emulated provider charged for ${charges.length} profile(s)\n\n`);
  });
}
