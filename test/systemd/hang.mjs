/**
 * Loaded into esimd by `node --import`: the ways to hang that its own deadlines do not end. HANG says which.
 */
import fs from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";

const kind = process.env.HANG;

if (kind === "loop") {
  // The event loop never turns again, as in an endless loop or a regular expression that explodes.
  process.on("SIGWINCH", () => {
    for (;;);
  });
}

if (kind === "disk") {
  // A worn flash, under the state folder alone, that takes everything and never says that it is written. Time passes quickly, so that a deadline of minutes is over soon.
  const hurry = 100;
  const { open } = fs;
  fs.open = async (...given) => {
    const file = await open(...given);
    if (String(given[0]).startsWith(process.env.ESIMD_STATE_DIR)) file.sync = () => new Promise(() => undefined);
    return file;
  };
  syncBuiltinESMExports();
  const { setTimeout: realTimer, performance } = globalThis;
  const realNow = performance.now.bind(performance);
  Object.defineProperty(performance, "now", { value: () => realNow() * hurry });
  globalThis.setTimeout = (fire, delayMs = 0, ...rest) => realTimer(fire, delayMs / hurry, ...rest);
}
